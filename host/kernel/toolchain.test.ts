import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { missingPrograms, readToolchain } from './toolchain.ts';

test('missing is what no folder of PATH has as a program', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-path-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'bison'), '');
  await chmod(join(folder, 'bison'), 0o755);
  await writeFile(join(folder, 'flex'), '');
  await chmod(join(folder, 'flex'), 0o644);
  t.deepEqual(await missingPrograms(['bison', 'flex', 'bc'], `/nowhere::${folder}`), ['flex', 'bc']);
});

test("the toolchain is told by its programs' first lines", async (t) => {
  const toolchain = await readToolchain();
  t.regex(toolchain?.compiler ?? '', /^gcc .*\d+\.\d+/);
  t.regex(toolchain?.linker ?? '', /^GNU ld .*\d+\.\d+/);
});
