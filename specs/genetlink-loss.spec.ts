// What a generic netlink socket loses under load: kmod/genetlink sends events at its own pace.
import type { Needs } from 'ringcross/guest';
import { socketLoad } from './socket-load.ts';

export const needs = { modules: ['genetlink'] } satisfies Needs;

socketLoad('genetlink');
