import test from 'ava';
import type { SpecFile } from './guest-build/spec.ts';
import { planCells, readConfig } from './plan.ts';

const spec = (name: string, needs: Partial<SpecFile['needs']> = {}): SpecFile => ({
  name,
  path: `/p/specs/${name}.spec.ts`,
  needs: { config: [], modules: [], cmdline: '', cpus: 1, cpuFeatures: [], kernel: '*', ...needs },
  titles: [],
  isolated: [],
  loadError: null,
});

const kernel = {
  name: '6.12',
  version: '6.12.117',
  config: readConfig('CONFIG_RELAY=y\n# CONFIG_FTRACE is not set\nCONFIG_HZ=100\nCONFIG_TUN=m\n'),
};

test('every spec through every lens on every kernel, in a fixed order', (t) => {
  const cells = planCells([kernel], ['instructions', 'emulated'], [spec('pipe'), spec('vdso')]);
  t.deepEqual(
    cells.map(({ id }) => id),
    ['6.12-instructions-pipe', '6.12-instructions-vdso', '6.12-emulated-pipe', '6.12-emulated-vdso'],
  );
});

test('a cell that cannot run says why before anything boots', (t) => {
  const skips = (needs: Partial<SpecFile['needs']>) =>
    planCells([kernel], ['instructions'], [spec('x', needs)])[0]?.skip ?? null;
  t.is(skips({ config: ['CONFIG_RELAY'] }), null);
  t.is(skips({ config: ['CONFIG_HZ=100'] }), null);
  t.regex(skips({ config: ['CONFIG_FTRACE'] }) ?? '', /needs CONFIG_FTRACE/);
  t.regex(skips({ config: ['CONFIG_HZ=250'] }) ?? '', /has CONFIG_HZ=100/);
  t.regex(
    skips({ config: ['CONFIG_TUN'] }) ?? '',
    /needs CONFIG_TUN, .* as a module, and no guest loads one/,
  );
  t.is(skips({ config: ['CONFIG_TUN=m'] }), null);
  t.regex(skips({ cpus: 2 }) ?? '', /needs 2 CPUs/);
  t.is(skips({ kernel: '>=6.12' }), null);
  t.is(skips({ kernel: '>=7' }), 'needs Linux >=7, but kernel 6.12 is 6.12.117');
});

test('a CPU without a feature skips what needs it, and one that nobody knows is told as such', (t) => {
  const cpus = new Map([
    ['instructions', new Map(Object.entries({ fsgsbase: true, erms: false, fsgsbsae: null }))],
  ] as const);
  const skips = (...cpuFeatures: string[]) =>
    planCells([kernel], ['instructions'], [spec('x', { cpuFeatures })], cpus)[0]?.skip ?? null;
  t.is(skips('fsgsbase'), null);
  t.is(
    skips('fsgsbase', 'erms'),
    'needs the CPU feature erms, which the lens instructions does not have here',
  );
  t.is(skips('fsgsbsae'), 'needs the CPU feature fsgsbsae, which QEMU knows nothing of');
});

test('of a kernel that is not built no option is missed, but a CPU is', (t) => {
  const skips = (needs: Partial<SpecFile['needs']>) =>
    planCells([{ name: '6.12', version: '6.12.117', config: null }], ['instructions'], [spec('x', needs)])[0]
      ?.skip ?? null;
  t.is(skips({ config: ['CONFIG_FTRACE'] }), null);
  t.regex(skips({ cpus: 2 }) ?? '', /needs 2 CPUs/);
});
