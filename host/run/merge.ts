// Makes one run of the shards of a plan, by replaying their journals in the plan's order: it keeps what one machine's run
// keeps. Nothing of a shard is believed that its journal does not bear out.
import { appendFile, cp, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { withTemporaryFolder } from '../../vm/temporary.ts';
import { jsonText, writeJson } from '../json-file.ts';
import type { Kept, Run } from './execute.ts';
import { type JournalLines, journalLine, readJournal } from './journal.ts';
import { takeConfigs } from './kernel-configs.ts';
import { type Manifest, withKernels, withRecords } from './manifest.ts';
import { checkedShards, type ShardFolder } from './merge-checks.ts';
import { ownCells, type PlannedCell } from './plan-record.ts';
import { keepCell, recordOf } from './record.ts';
import { type Results, resultsSchema, schemaVersion } from './results.ts';
import { planEvent } from './run.ts';
import {
  journalName,
  makeRunFolder,
  manifestName,
  type PlannedManifest,
  parseJson,
  readPlanned,
  resultsName,
} from './run-folder.ts';

interface ReadShard extends ShardFolder {
  manifest: PlannedManifest;
  lines: JournalLines;
}

/**
 * Merges shards into a new folder, which is there whole or not at all. Errors: USAGE where the folder is there already;
 * RUN_FOLDER, RUN_SCHEMA, RUN_DAMAGED, RUN_SAMPLES, SHARD_UNFINISHED, and those of `checkedShards`.
 */
export const merge = async (dirs: readonly string[], out: string): Promise<Run> => {
  if (await canAccess(out))
    throw new RingcrossError('USAGE', `expected a new folder to merge into, but ${out} is there already`);
  const manifests = await Promise.all(
    dirs.map(async (dir) => ({ dir: relative(process.cwd(), dir), manifest: await readPlanned(dir) })),
  );
  const shards: ReadShard[] = [];
  for (const shard of checkedShards(manifests)) shards.push({ ...shard, lines: await wholeJournal(shard) });
  await mkdir(dirname(out), { recursive: true });
  return await withTemporaryFolder(async (work) => {
    const run = await replayInto(join(work, 'run'), shards);
    await rename(run.dir, out);
    return { ...run, dir: out };
  }, dirname(out));
};

/** Errors: RUN_DAMAGED, SHARD_UNFINISHED. */
const wholeJournal = async ({ dir, manifest }: ShardFolder): Promise<JournalLines> => {
  const path = join(dir, journalName);
  const lines = await readJournal(path);
  const left = ownCells(manifest.plan).filter(
    (cell) => recordOf(cell, lines.cells.get(cell.cell) ?? []) === null,
  );
  if (lines.cut > 0 || left.length > 0)
    throw new RingcrossError(
      'SHARD_UNFINISHED',
      left.length > 0
        ? `expected ${dir} to be finished, but it has no outcome of ${left.map(({ cell }) => cell).join(', ')}`
        : `expected ${dir} to be finished, but the last line of its journal was cut short`,
      { next: `npx ringcross run --resume ${dir}` },
    );
  return lines;
};

const replayInto = async (dir: string, shards: readonly ReadShard[]): Promise<Run> => {
  await makeRunFolder(dir);
  const [first] = shards;
  if (first === undefined) throw new Error('bug: no shard to merge');
  const { plan } = first.manifest;
  const all = plan.cells.map(({ cell }) => cell);
  const path = join(dir, journalName);
  await appendFile(path, journalLine(planTime(first), null, planEvent(plan.digest, all)));
  const ownerOf = new Map(shards.flatMap((shard) => shard.manifest.plan.own.map((cell) => [cell, shard])));
  const kept = new Map<string, Kept>();
  for (const cell of plan.cells) {
    const shard = ownerOf.get(cell.cell);
    const lines = shard?.lines.cells.get(cell.cell) ?? [];
    const record = recordOf(cell, lines);
    if (record === null) throw new Error(`bug: ${cell.cell} has not ended`);
    kept.set(cell.cell, {
      record: { cell, ending: record.ending },
      result: await keepCell(record, dir),
    });
    await appendFile(path, Buffer.concat(lines.flatMap((line) => [line, newline])));
  }
  for (const shard of shards) await mustBearOut(shard, dir, kept);
  for (const shard of shards) await cp(join(shard.dir, 'console'), join(dir, 'console'), { recursive: true });
  for (const shard of shards) await takeConfigs(shard.dir, dir);
  const inOrder = plan.cells.flatMap(({ cell }) => kept.get(cell) ?? []);
  const results = resultsOf(first.manifest.run, inOrder);
  const manifest = mergedManifest(
    first.manifest,
    shards.map((shard) => shard.manifest),
    inOrder,
  );
  await writeJson(join(dir, resultsName), results);
  await writeJson(join(dir, manifestName), manifest);
  return { dir, results, manifest };
};

const newline = Buffer.from('\n');

const planTime = ({ lines, manifest }: ReadShard): string => {
  const { at } = parseJson(lines.plan.toString(), journalName);
  return typeof at === 'string' ? at : manifest.started;
};

/** Errors: RUN_DAMAGED where an event of the journal was none of a run's. */
const resultsOf = (run: string, kept: readonly Kept[]): Results => {
  const parsed = resultsSchema.safeParse({
    schema: schemaVersion,
    run,
    cells: kept.map(({ result }) => result),
  });
  if (parsed.success) return parsed.data;
  throw new RingcrossError(
    'RUN_DAMAGED',
    `expected the journals to give results, but those of ${run} do not`,
    {
      cause: parsed.error,
    },
  );
};

/** Results and samples of a shard are what its journal gives. Errors: RUN_DAMAGED, RUN_SCHEMA, RUN_SAMPLES. */
const mustBearOut = async (
  { dir, manifest }: ReadShard,
  merged: string,
  kept: ReadonlyMap<string, Kept>,
): Promise<void> => {
  const own = ownCells(manifest.plan);
  const path = join(dir, resultsName);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new RingcrossError('RUN_DAMAGED', `expected results, but ${path} cannot be read: ${cause.code}`, {
      cause,
    });
  });
  const { schema } = parseJson(text, path);
  if (schema !== schemaVersion)
    throw new RingcrossError(
      'RUN_SCHEMA',
      `expected results of schema ${schemaVersion}, but ${path} has ${JSON.stringify(schema)}`,
    );
  const replayed = resultsOf(
    manifest.run,
    own.flatMap(({ cell }) => kept.get(cell) ?? []),
  );
  if (text !== jsonText(replayed))
    throw new RingcrossError(
      'RUN_DAMAGED',
      `expected ${path} to be what the journal beside it gives, but it is not: one of them was changed`,
    );
  for (const cell of own) await mustHaveSamples(dir, merged, cell);
};

const mustHaveSamples = async (dir: string, merged: string, { cell }: PlannedCell): Promise<void> => {
  const [theirs, ours] = [join(dir, 'samples', cell), join(merged, 'samples', cell)];
  const [present, expected] = [await filesOf(theirs), await filesOf(ours)];
  const missing = expected.filter((name) => !present.includes(name));
  if (missing.length > 0)
    throw new RingcrossError(
      'RUN_SAMPLES',
      `expected the samples ${missing.join(', ')} in ${theirs}, but they are missing`,
    );
  const foreign = present.filter((name) => !expected.includes(name));
  if (foreign.length > 0)
    throw new RingcrossError(
      'RUN_SAMPLES',
      `expected only samples that the journal has in ${theirs}, but there are ${foreign.join(', ')}`,
    );
  for (const name of expected)
    if (!isDeepStrictEqual(await readFile(join(theirs, name)), await readFile(join(ours, name))))
      throw new RingcrossError(
        'RUN_SAMPLES',
        `expected ${join(theirs, name)} to be the samples of the journal, but they are others`,
      );
};

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(() => [])).map((name) => basename(name)).sort();

/** The first shard's, with what all of them ran; of more than one also where each did. */
const mergedManifest = (
  first: PlannedManifest,
  shards: readonly PlannedManifest[],
  kept: readonly Kept[],
): Manifest => {
  const { plan } = first;
  const merged: Manifest = {
    ...first,
    started: shards.map(({ started }) => started).toSorted()[0] ?? first.started,
    ended:
      shards
        .flatMap(({ ended }) => ended ?? [])
        .toSorted()
        .at(-1) ?? null,
    plan: { ...plan, shard: { index: 1, of: 1 }, own: plan.cells.map(({ cell }) => cell) },
    ...(shards.length > 1 && {
      shards: shards.map(({ plan: { shard }, run, started, ended, host, images }) => ({
        shard,
        run,
        started,
        ended: ended ?? null,
        host,
        images,
      })),
    }),
  };
  const kernels = shards.flatMap((shard) => shard.kernels);
  return withRecords(
    withKernels(merged, kernels),
    kept.map(({ record }) => record),
  );
};
