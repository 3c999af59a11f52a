import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { compileKernel } from './compile.ts';

// Real trees for the real make and gcc, but of one file: what the kernel's own tree does is in the slow tests.

test('every step is told and counted, and the log has the output', async (t) => {
  const { tree, logFile } = await makeTree(t, 'int main(void) { return 0; }\n');
  const steps: string[] = [];
  const count = await compileKernel(tree, { logFile, signal: undefined, onStep: (step) => steps.push(step) });
  t.is(count, 2);
  t.deepEqual(steps, ['CC main.o', 'LD vmlinux']);
  t.regex(await readFile(logFile, 'utf8'), / {2}CC {6}main\.o\n.* {2}LD {6}vmlinux\n/s);
});

test("a failure shows the compiler's error and where the log is", async (t) => {
  const { tree, logFile } = await makeTree(t, 'int main(void) { return nothing; }\n');
  const error = await t.throwsAsync(
    compileKernel(tree, { logFile, signal: undefined, onStep: () => undefined }),
    { code: 'KERNEL_COMPILE' },
  );
  t.regex(error?.message ?? '', /main\.c: In function .main.:\nmain\.c:1:25: error: .nothing. undeclared/);
  t.true(error?.message.endsWith(`The whole log: ${logFile}`));
  t.regex(await readFile(logFile, 'utf8'), /undeclared/);
});

test('a MAKEFLAGS of the caller does not reach make', async (t) => {
  process.env.MAKEFLAGS = '--dry-run';
  t.teardown(() => delete process.env.MAKEFLAGS);
  const { tree, logFile } = await makeTree(t, 'int main(void) { return 0; }\n');
  await compileKernel(tree, { logFile, signal: undefined, onStep: () => undefined });
  await t.notThrowsAsync(readFile(join(tree, 'vmlinux')));
});

async function makeTree(t: ExecutionContext, source: string) {
  const tree = await mkdtemp(join(tmpdir(), 'ringcross-tree-'));
  t.teardown(() => rm(tree, { recursive: true }));
  await writeFile(join(tree, 'main.c'), source);
  await writeFile(
    join(tree, 'Makefile'),
    `modules: vmlinux
vmlinux: main.o
	@echo '  LD      $@'
	@gcc -o $@ $<
main.o: main.c
	@echo '  CC      $@'
	@gcc -c -o $@ $<
`,
  );
  return { tree, logFile: join(tree, 'build.log') };
}
