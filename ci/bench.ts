// `npm run bench -- [--rounds N] [--study N]`: how long a guest takes to come up, in one table for docs/performance.md. What is
// compared is measured in turns, so that a host that gets slower meanwhile slows down all of it. Ratios are of medians. Where
// virtme-ng is installed it boots the same kernel beside ours, with what it needs of devices and file systems (the flavour
// `virtme`), under the same emulation.
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { $, argv } from 'zx';
import { parcelOffsets } from '../guest/protocol/messages.ts';
import { type BuiltKernel, ensureKernel, findKernel } from '../host/kernel/index.ts';
import { renderTable } from '../host/report/table.ts';
import { guestWorkDir } from '../host/run/outcome.ts';
import { findProgram } from '../vm/find-program.ts';
import type { Lens } from '../vm/lens.ts';
import { writeParcel } from '../vm/parcel.ts';
import { withPristineVm } from '../vm/pristine.ts';
import { qemuProgram } from '../vm/qemu-process.ts';
import { ensureTemplate } from '../vm/template-store.ts';
import { withTemporaryFolder } from '../vm/temporary.ts';
import { type Vm, withVm } from '../vm/vm.ts';
import { findGuests, ownGuests, templates } from './guests.ts';

const rounds = Number(argv.rounds ?? 10);
const { kernel, request } = await findGuests();
const lenses = ['instructions', 'emulated'] as const;
const samples = new Map<string, number[]>();

const note = (what: string, ms: number): void => {
  samples.set(what, [...(samples.get(what) ?? []), ms]);
};

const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
  const started = performance.now();
  await work();
  note(what, performance.now() - started);
};

/** From the moment when a clone has said its first word to its first test's result; it then stops. */
const firstResult = async (vm: Vm, spec: string): Promise<number> => {
  const started = performance.now();
  vm.send({
    type: 'run-spec',
    spec,
    modules: [],
    messages: null,
    unit: null,
    parcelAt: parcelOffsets.spec,
    tests: { only: null, except: [] },
  });
  for await (const event of vm.events) {
    if (event.kind === 'message' && event.message.type === 'test') break;
    if (event.kind === 'ended') throw new Error('expected the result of a test, but the guest ended');
  }
  return performance.now() - started;
};

/** The kernel that virtme-ng boots; null where it is not installed. */
const virtme =
  (await findProgram('vng')) === null
    ? null
    : await ensureKernel(`${kernel.name}-virtme`, {
        onProgress: ({ stage, detail }) => console.error(`a kernel for virtme-ng: ${stage} ${detail}`),
      });

const virtmeVersion = virtme && (await execa('vng', ['--version'])).stdout;

const runVirtme = async ({ vmlinux, release }: BuiltKernel): Promise<void> => {
  // It wants a terminal: script(1) lends one.
  const command = `vng --disable-kvm --run ${vmlinux} -- uname -r`;
  const { stdout } = await execa('script', ['-qec', command, '/dev/null'], { stdin: 'ignore' });
  if (!stdout.includes(release))
    throw new Error(`expected virtme-ng to boot ${release}, but it says: ${stdout}`);
};

const rows: [label: string, what: string, of: string | null][] = [];

await withTemporaryFolder(async (work) => {
  const spec = `${guestWorkDir}/first.mjs`;
  const content = Buffer.from("import { test } from 'node:test';\ntest('passes', () => {});\n");
  const parcel = join(work, 'parcel');
  await writeParcel(parcel, [{ path: spec, content }]);
  const guest = (lens: Lens) => request(lens, parcel);
  for (const lens of lenses) await ensureTemplate(templates(), guest(lens));
  for (let round = 0; round < rounds; round++) {
    console.error(`round ${round + 1} of ${rounds}`);
    await timed('kernel', () => findKernel(kernel.name));
    for (const lens of lenses) {
      await withVm({ ...guest(lens), origin: { kind: 'boot', memory: null } }, async (vm) =>
        note(`${lens} cold`, vm.bootMs),
      );
      await withPristineVm(guest(lens), templates(), async (vm, start) => {
        if (start.kind !== 'clone') throw new Error(`expected a clone, but it booted: ${start.reason}`);
        note(`${lens} clone`, vm.bootMs);
        note(`${lens} result`, vm.bootMs + (await firstResult(vm, spec)));
      });
      const folder = join(work, `${lens}-${round}`);
      await timed(`${lens} template`, () => ensureTemplate(templates(folder), request(lens)));
    }
    if (virtme !== null) await timed('vng', () => runVirtme(virtme));
  }
});
/** So many clones of one template run at once, before a spec does anything. */
const together = 10;

/** MB of a process that no other has too: proc_pid_smaps(5). */
const privateMegabytes = async (pid: string): Promise<number> => {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1');
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map(([, kB]) =>
    Number(kB),
  );
  return kilobytes.reduce((sum, kB) => sum + kB, 0) / 1000;
};

const memoryOfClones = async (lens: Lens): Promise<number[]> => {
  const up = Array.from({ length: together }, () => Promise.withResolvers<void>());
  const measured = Promise.withResolvers<void>();
  const running = up.map(({ resolve }) =>
    withPristineVm(request(lens), templates(), async () => {
      resolve();
      await measured.promise;
    }),
  );
  await Promise.race([Promise.all(up.map(({ promise }) => promise)), Promise.all(running)]);
  const megabytes: number[] = [];
  for (const pid of await ownGuests()) megabytes.push(await privateMegabytes(pid));
  measured.resolve();
  await Promise.all(running);
  return megabytes.toSorted((a, b) => a - b);
};

const memory = new Map<Lens, number[]>();
for (const lens of lenses) memory.set(lens, await memoryOfClones(lens));

for (let run = 0; run < Number(argv.study ?? 0); run++)
  await timed('study', () => $`bin/ringcross run --lens instructions`.quiet());

for (const lens of lenses)
  rows.push(
    [`cold boot, spawn to the agent's hello, ${lens}`, `${lens} cold`, null],
    [`clone, spawn to its first word, ${lens}`, `${lens} clone`, `${lens} cold`],
    [`clone, spawn to the first result of a test, ${lens}`, `${lens} result`, `${lens} cold`],
    [`making a template, ${lens}`, `${lens} template`, `${lens} cold`],
  );
rows.push(
  [`${virtmeVersion}, \`uname -r\``, 'vng', null],
  ['the whole study', 'study', null],
  ['a kernel found in the cache', 'kernel', null],
);

const ranked = (what: string): number[] => (samples.get(what) ?? []).toSorted((a, b) => a - b);
const median = (what: string): number => {
  const sorted = ranked(what);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[sorted.length % 2 ? middle : middle - 1],
    sorted[middle],
  ];
  return (low + high) / 2;
};
const milliseconds = (ms: number): string =>
  ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(0)} s`;

const model = /^model name\s*: (.*)$/m.exec(await readFile('/proc/cpuinfo', 'latin1'))?.[1] ?? 'unknown';
const { stdout } = await execa(qemuProgram, ['--version']);
console.log(
  `${model}, ${cpus().length} CPUs, ${Math.round(totalmem() / 2 ** 30)} GiB, ${stdout.split('\n')[0]}, kernel ${kernel.version}, load ${(await readFile('/proc/loadavg', 'latin1')).split(' ')[0]}\n`,
);
console.log(
  renderTable({
    header: ['what', 'n', 'least', 'median', 'most', 'of cold', 'of virtme-ng'],
    rows: rows
      .filter(([, what]) => samples.has(what))
      .map(([label, what, of]) => [
        label,
        `${ranked(what).length}`,
        milliseconds(ranked(what)[0] ?? 0),
        milliseconds(median(what)),
        milliseconds(ranked(what).at(-1) ?? 0),
        of === null ? '' : (median(what) / median(of)).toFixed(3),
        samples.has('vng') && what !== 'vng' ? (median(what) / median('vng')).toFixed(4) : '',
      ]),
  }),
);
for (const [lens, megabytes] of memory)
  console.log(
    `\n${megabytes.length} clones at once, ${lens}: ${megabytes.map(Math.round).join(', ')} MB of memory that each has for itself, QEMU's own included`,
  );
process.exit();
