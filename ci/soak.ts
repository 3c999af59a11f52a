// `npm run soak -- [--clones N] [--figures] [--overload]`: clones in a row, and what they leave behind. With `--figures` each
// measures one case in the lens instructions, and all must give the same; with `--overload` other programs want every CPU.
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'zx';
import { bundleSpec } from '../host/guest-build/spec.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import { renderTable } from '../host/report/table.ts';
import { availableBytes } from '../host/run/admission.ts';
import { measuredCase } from '../host/run/case-result.ts';
import { guestWorkDir } from '../host/run/outcome.ts';
import { runInGuest } from '../host/run/run-guest.ts';
import { writeParcel } from '../vm/parcel.ts';
import { withPristineVm } from '../vm/pristine.ts';
import { withTemporaryFolder } from '../vm/temporary.ts';
import { findGuests, overload, ownGuests, templates } from './guests.ts';

const clones = Number(argv.clones ?? 1000);
const lens = 'instructions';
const { request } = await findGuests();
const store = templates();

/** What a run of clones could leave behind. */
const leavings = async () => ({
  descriptors: (await readdir('/proc/self/fd')).length,
  guests: (await ownGuests()).length,
  'temporary folders': (await readdir(tmpdir())).filter(isOurs).length,
  'entries among templates': (await readdir(store.folder)).length,
  'shared memory files': (await readdir('/dev/shm')).length,
});

/** Other commands of ours may run at the same time: temporary folders are named after their process. */
const isOurs = (name: string): boolean => name.startsWith('ringcross-') && name.includes(`-${process.pid}-`);

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** Bytes of this process and of the host that nobody can use for something else. */
const memory = async () => ({
  'MB of this process': megabytes(process.memoryUsage.rss()),
  'MB available on the host': megabytes(availableBytes(await readFile('/proc/meminfo', 'latin1'))),
});

const figures = new Map<string, number>();
const failures: string[] = [];
const ms: number[] = [];

const hello = () =>
  withPristineVm(request(lens), store, async (vm, start) => {
    if (start.kind !== 'clone') throw new Error(`it booted: ${start.reason}`);
    ms.push(vm.bootMs);
  });

const figure = async (parcel: string, spec: string) => {
  const run = await runInGuest({
    guest: request(lens, parcel),
    templates: store,
    spec,
    modules: [],
    part: { titles: [], tests: { only: null, except: [] } },
    messages: null,
    silenceMs: null,
    onEvent: () => {},
  });
  if (run.start.kind !== 'clone') throw new Error(`it booted: ${run.start.reason}`);
  if (run.verdict.outcome !== 'passed') throw new Error(`${run.verdict.outcome}: ${run.verdict.reason}`);
  ms.push(run.bootMs);
  for (const event of run.events)
    if (event.kind === 'message' && event.message.type === 'case') {
      const { send, receive, transit } = measuredCase(event.message.case, lens).result;
      const told = [send, receive, transit].map((one) => (one ? `${one.p50} ${one.p90}` : '-')).join(', ');
      figures.set(told, (figures.get(told) ?? 0) + 1);
    }
};

const load = argv.overload ? overload() : null;
process.on('exit', () => load?.[Symbol.dispose]());

await hello();
ms.length = 0;
await withTemporaryFolder(async (work) => {
  const parcel = join(work, 'parcel');
  const fixtures = join(ownRoot, 'test/clone-fixtures');
  const { name, content } = await bundleSpec(
    await loadProject(fixtures),
    join(fixtures, 'specs/figure.spec.ts'),
  );
  const spec = `${guestWorkDir}/${name}`;
  await writeParcel(parcel, [{ path: spec, content }]);
  const before = { ...(await leavings()), ...(await memory()) };
  const started = performance.now();
  for (let index = 0; index < clones; index++) {
    await (argv.figures ? figure(parcel, spec) : hello()).catch((error: unknown) =>
      failures.push(`clone ${index + 1}: ${error instanceof Error ? error.message : String(error)}`),
    );
    if ((index + 1) % 100 === 0) console.error(`${index + 1} clones, ${failures.length} failures`);
  }
  const seconds = (performance.now() - started) / 1000;
  const after = { ...(await leavings()), ...(await memory()) };
  const sorted = ms.toSorted((a, b) => a - b);
  const rank = (share: number) => `${Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)} ms`;
  console.log(`${clones} clones in ${seconds.toFixed(0)} s, ${failures.length} failures`);
  console.log(`spawn to first word: ${[0, 0.5, 0.99, 1].map(rank).join(', ')} (least, median, p99, most)`);
  for (const failure of failures) console.log(failure);
  for (const [told, count] of figures)
    console.log(`${count} clones: p50 and p90 of send, receive, transit: ${told}`);
  const rows = Object.entries(before).map(([what, count]) => [
    what,
    `${count}`,
    `${after[what as keyof typeof after]}`,
  ]);
  console.log(`\n${renderTable({ header: ['left behind', 'before', 'after'], rows })}`);
});
process.exitCode = failures.length > 0 || figures.size > 1 ? 1 : 0;
process.exit();
