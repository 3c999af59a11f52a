// `npm test`: what each stage runs, in order; the first that fails ends it.
import { $, argv, chalk } from 'zx';
import { defaultConfigFolder } from '../host/kernel/config-folder.ts';
import { readKernelsFile } from '../host/kernel/kernels-file.ts';

const { kernels } = await readKernelsFile(defaultConfigFolder);
const isShipped = (name: string): boolean => kernels[name]?.source.kind === 'image';
const series = Object.keys(kernels).filter((name) => !isShipped(name));
const shipped = Object.keys(kernels).filter(isShipped);

const stages: Record<string, () => Promise<unknown>> = {
  types: () => $`tsc`,
  lint: () => $`biome check`,
  fast: () => $`ava`,
  // Built before any test waits for a guest: a build takes longer than a test may.
  kernel: async () => {
    await $`bin/ringcross kernel build`;
    await $`bin/ringcross kernel build ${shipped}`;
  },
  vm: () => $`ava --config ava.vm.config.js`,
  // Every series of kernel-config, and 6.12 with its checkers: minutes each, the first time.
  kernels: () => $`bin/ringcross kernel build ${[...series, '6.12-debug']}`,
  matrix: () => $`ava --config ava.matrix.config.js`,
  slow: () => $`ava --config ava.slow.config.js`,
};

const everyday = ['types', 'lint', 'fast', 'kernel', 'vm'];

$.verbose = true;
$.stdio = 'inherit';
for (const name of argv._.length > 0 ? argv._ : everyday) {
  const stage = stages[name];
  if (!stage) throw new Error(`expected one of ${Object.keys(stages).join(', ')}, but got ${name}`);
  const started = Date.now();
  await stage().catch(() => {
    console.error(chalk.red(`${name} failed after ${((Date.now() - started) / 1000).toFixed(1)} s`));
    process.exit(1);
  });
  console.error(`${name} passed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
