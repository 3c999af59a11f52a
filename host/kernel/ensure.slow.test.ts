import { mkdtemp, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { RingcrossError } from '../../vm/errors.ts';
import { smallConfig, useFreshCache } from './fixtures/fresh-cache.ts';
import { ensureKernel, findKernel, type KernelProgress } from './index.ts';

// Serial: they share the environment, which names the cache, and every core.

test.serial('options that cannot be had fail with their names before the compiler starts', async (t) => {
  t.timeout(300_000);
  const { home, paths } = await useFreshCache(t);
  const configFolder = await smallConfig(
    home,
    'CONFIG_NO_SUCH_THING=y\nCONFIG_VIRTIO_NET=y\nCONFIG_CC_OPTIMIZE_FOR_SIZE=y\nCONFIG_CC_OPTIMIZE_FOR_PERFORMANCE=y\n# CONFIG_HAVE_PCI is not set\n',
  );
  const stages = new Set<string>();
  const onProgress = ({ stage }: KernelProgress) => stages.add(stage);
  const error = await t.throwsAsync(ensureKernel('6.12', { configFolder, onProgress }), {
    code: 'KERNEL_OPTION_LOST',
  });
  t.log(error?.message);
  t.regex(error?.message ?? '', /small\.config:3: asked for CONFIG_NO_SUCH_THING=y.*no such symbol/);
  t.regex(
    error?.message ?? '',
    /small\.config:4: asked for CONFIG_VIRTIO_NET=y.*unmet dependency: NETDEVICES/,
  );
  t.regex(
    error?.message ?? '',
    /small\.config:\d: asked for CONFIG_CC_OPTIMIZE_FOR_\w+=y.* is chosen instead/,
  );
  t.regex(error?.message ?? '', /small\.config:7: asked for # CONFIG_HAVE_PCI is not set.*selected by X86/);
  t.false(stages.has('compile'));
  t.deepEqual(await readdir(paths.work), []);
});

test.serial('a version that the archive no longer has is told so, with those it has', async (t) => {
  t.timeout(120_000);
  const { home } = await useFreshCache(t);
  const configFolder = await smallConfig(home);
  const lock = { '6.12': { version: '6.12.1-1', sha256: 'a'.repeat(64), build: { steps: 1, options: 1 } } };
  await writeFile(join(configFolder, 'kernels.lock.json'), JSON.stringify(lock));
  const error = await t.throwsAsync(ensureKernel('6.12', { configFolder }), { code: 'KERNEL_SOURCE_GONE' });
  t.log(error?.message);
  t.regex(error?.message ?? '', /6\.12\.1-1, which the archive no longer has in .*; it has 6\.12\.\d+-\d/);
  t.is(error instanceof RingcrossError ? error.next : undefined, 'npx ringcross kernel update 6.12');
});

test.serial('two processes that want one kernel build it once, and modules build against it', async (t) => {
  t.timeout(900_000);
  const { home, paths } = await useFreshCache(t);
  const configFolder = await smallConfig(home);
  const builds = await Promise.all([startBuild(configFolder), startBuild(configFolder)]);
  const outputs = builds.map(({ stdout }) => stdout.split('\n'));
  t.log(outputs.map((lines) => lines.join(' ')));
  t.is(outputs.filter((lines) => lines.includes('compile')).length, 1);
  t.is(outputs.filter((lines) => lines.includes('wait')).length, 1);
  t.is(outputs[0]?.at(-1), outputs[1]?.at(-1));

  const kernel = await findKernel('6.12', { configFolder });
  if (kernel === undefined) return t.fail('not in the cache');
  t.is(kernel.dir, outputs[0]?.at(-1) ?? '');
  t.is(
    (await readFile(join(kernel.buildTree, 'include/config/kernel.release'), 'utf8')).trim(),
    kernel.release,
  );
  await buildsModuleWithoutWarning(t, kernel.buildTree, home);
  t.deepEqual(await readdir(paths.work), []);
  const { stdout: kilobytes } = await execa('du', ['-sk', kernel.dir]);
  t.true(Number.parseInt(kilobytes, 10) < 300_000, kilobytes);

  // Another request with the same outcome shares the kernel: it is configured, but not compiled.
  const again = await smallConfig(home, '# CONFIG_NET is not set\n');
  const stages = new Set<string>();
  const shared = await ensureKernel('6.12', {
    configFolder: again,
    onProgress: ({ stage }) => stages.add(stage),
  });
  t.is(shared.dir, kernel.dir);
  t.true(stages.has('configure'));
  t.false(stages.has('compile'));
});

test.serial('an abort while compiling ends make and leaves no work folder', async (t) => {
  t.timeout(300_000);
  const { home, paths } = await useFreshCache(t);
  const configFolder = await smallConfig(home);
  const controller = new AbortController();
  const onProgress = ({ stage, fraction }: KernelProgress) => {
    if (stage === 'compile' && (fraction ?? 0) > 0.02) controller.abort();
  };
  const building = ensureKernel('6.12', { configFolder, signal: controller.signal, onProgress });
  await t.throwsAsync(building, { code: 'INTERRUPTED' });
  t.deepEqual(await readdir(paths.work), []);
  t.deepEqual(await processesIn(paths.work), []);
  t.is(await findKernel('6.12', { configFolder }), undefined);
});

test.serial(
  'a build that was killed leaves nothing that is trusted, and the next one tidies up',
  async (t) => {
    t.timeout(300_000);
    const { home, paths } = await useFreshCache(t);
    const configFolder = await smallConfig(home);
    const child = execa(
      process.execPath,
      [join(import.meta.dirname, 'fixtures/build-kernel.ts'), configFolder],
      {
        reject: false,
      },
    );
    for await (const line of child) if (line === 'compile') child.kill('SIGKILL');
    await child;
    t.is((await readdir(paths.work)).length, 1);
    t.is(await findKernel('6.12', { configFolder }), undefined);

    const controller = new AbortController();
    const onProgress = ({ stage }: KernelProgress) => stage === 'unpack' && controller.abort();
    const next = ensureKernel('6.12', { configFolder, signal: controller.signal, onProgress });
    await t.throwsAsync(next, { code: 'INTERRUPTED' });
    t.deepEqual(await readdir(paths.work), []);
    t.deepEqual(await processesIn(paths.work), []);
  },
);

function startBuild(configFolder: string) {
  return execa(process.execPath, [join(import.meta.dirname, 'fixtures/build-kernel.ts'), configFolder]);
}

async function buildsModuleWithoutWarning(
  t: ExecutionContext,
  buildTree: string,
  home: string,
): Promise<void> {
  const folder = await mkdtemp(join(home, 'module-'));
  await writeFile(join(folder, 'Makefile'), 'obj-m := hello.o\n');
  await writeFile(
    join(folder, 'hello.c'),
    `#include <linux/module.h>
static int __init hello_init(void) { return 0; }
static void __exit hello_exit(void) { }
module_init(hello_init);
module_exit(hello_exit);
MODULE_DESCRIPTION("hello");
MODULE_LICENSE("GPL");
`,
  );
  const { all } = await execa('make', ['-C', buildTree, `M=${folder}`, 'modules'], { all: true });
  t.notRegex(all, /warning|error|missing/i);
  t.true((await readdir(folder)).includes('hello.ko'));
}

// Processes whose working directory is inside the folder: a make or a compiler that was left behind.
async function processesIn(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const cwds = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return cwds.filter((cwd) => cwd.startsWith(folder));
}
