// Where the templates of this host lie, from which guests are cloned.
import { join } from 'node:path';
import type { TemplateStore } from '../vm/template-store.ts';
import { cacheRoot } from './cache.ts';
import type { Progress } from './progress.ts';
import type { Project } from './project.ts';

/** Null where every guest is to boot. */
export const openTemplates = (
  { templatesMiB }: Pick<Project, 'templatesMiB'>,
  progress: Progress,
  isCold: boolean,
): TemplateStore | null =>
  isCold
    ? null
    : {
        folder: join(cacheRoot(), 'templates'),
        limitBytes: templatesMiB * 1024 * 1024,
        note: (text) => progress.line(text),
      };
