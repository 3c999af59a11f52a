// What a template does before it is frozen: all that every clone will do once more. What is read, compiled and started
// there, a clone finds in memory, and under emulation that is most of the way to the first result of a test.
import type { HostMessage } from '../guest/protocol/messages.ts';
import { parcelOffsets } from '../guest/protocol/messages.ts';
import type { PackedFile } from './parcel.ts';

/** V8 compiles a function at its first call, and remembers kinds of objects from its second on. */
const rounds = 3;

const folder = '/run/ringcross-rehearsal';

/** Uses what specs use, and takes itself away. */
const spec = `
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test, { suite } from 'node:test';
import { tickUnit } from 'ringcross/guest';
test('runs', () => assert.equal(tickUnit(), null));
suite('suite', () => test('waits', async () => assert.deepEqual(await Promise.resolve([1]), [1])));
test('is left out', () => {});
rmSync(import.meta.filename);
`;

/** How many tests of it run. */
export const rehearsedTests = 2;

const path = (round: number): string => `${folder}/rehearsal-${round}.mjs`;

export const rehearsalFiles = (): PackedFile[] =>
  Array.from({ length: rounds }, (_, round) => ({ path: path(round), content: Buffer.from(spec) }));

export const rehearsalMessages = (): (HostMessage & { type: 'run-spec' })[] =>
  Array.from({ length: rounds }, (_, round) => ({
    type: 'run-spec',
    spec: path(round),
    modules: [],
    messages: null,
    unit: null,
    parcelAt: parcelOffsets.rehearsal,
    tests: { only: null, except: ['is left out'] },
  }));
