import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { temporaryFolder } from '../../test/temporary.ts';
import { compileProgram, programNames, programsDir } from './programs.ts';

const elf32 = 1;
const elf64 = 2;

/** Byte 4 of an ELF file is its class; see elf(5). */
const elfClass = async (path: string): Promise<number | undefined> => (await readFile(path))[4];

test('there are programs, and a name that ends in .m32 is one of 32 bits', async (t) => {
  const names = await programNames();
  t.true(names.includes('peer.m32') && names.includes('cross-check'), names.join());
  const dir = await temporaryFolder(t);
  for (const name of names) {
    await compileProgram(name, join(dir, name));
    t.is(await elfClass(join(dir, name)), name.endsWith('.m32') ? elf32 : elf64, name);
  }
});

test('a program includes headers of the compiler and of the kernel only', async (t) => {
  const own = (await execa('gcc', ['-print-file-name=include'])).stdout;
  for (const name of await programNames()) {
    const width = name.endsWith('.m32') ? ['-m32'] : [];
    const source = join(programsDir, `${name}.c`);
    const { stdout } = await execa('gcc', [...width, '-ffreestanding', '-M', source]);
    const headers = stdout.split(/[\s\\]+/).filter((path) => path.endsWith('.h'));
    const foreign = headers.filter(
      (path) => relative(own, path).startsWith('..') && !/\/(linux|asm|asm-generic)\/[^/]+$/.test(path),
    );
    t.deepEqual(foreign, [], name);
  }
});

test('a program asks for no loader, no library and no executable stack', async (t) => {
  const dir = await temporaryFolder(t);
  for (const name of await programNames()) {
    await compileProgram(name, join(dir, name));
    const { stdout } = await execa('readelf', ['--program-headers', '--dynamic', '--wide', join(dir, name)]);
    t.notRegex(stdout, /INTERP|NEEDED/, name);
    t.regex(stdout, /GNU_STACK.* RW /, name);
  }
});

test('the same source gives the same bytes in any folder', async (t) => {
  const dir = await temporaryFolder(t);
  for (const name of await programNames()) {
    await compileProgram(name, join(dir, 'here'));
    const elsewhere = join(dir, name, 'a', 'longer', 'path');
    await mkdir(elsewhere, { recursive: true });
    await copyFile(join(programsDir, `${name}.c`), join(elsewhere, `${name}.c`));
    await compileProgram(name, join(dir, 'there'), elsewhere);
    t.true((await readFile(join(dir, 'here'))).equals(await readFile(join(dir, 'there'))), name);
  }
});

test('a program that does not compile, or needs a library, is an error with what gcc said', async (t) => {
  const dir = await temporaryFolder(t);
  const failing = {
    warns: 'int unused(int x) { return 0; }',
    links: 'int puts(const char *); void _start(void) { puts(""); }',
  };
  for (const [name, text] of Object.entries(failing)) {
    await writeFile(join(dir, `${name}.c`), text);
    const error = await t.throwsAsync(compileProgram(name, join(dir, name), dir), {
      code: 'ADDON_BUILD',
      message: `expected gcc to compile guest/programs/${name}.c, but it failed`,
    });
    t.regex(String((error as { log?: string }).log), /unused parameter|undefined reference to `puts'/, name);
  }
});
