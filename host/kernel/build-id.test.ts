import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { findBuildId, readBuildId } from './build-id.ts';

test('the GNU note among others', (t) => {
  const notes = Buffer.concat([
    note('Xen', 3, 'ff'),
    note('GNU', 5, '0102030405'),
    note('GNU', 3, 'c0ffee01'),
  ]);
  t.is(findBuildId(notes), 'c0ffee01');
});

test('no GNU build id, or a note that is cut short', (t) => {
  t.is(findBuildId(note('Linux', 3, '01020304')), undefined);
  t.is(findBuildId(Buffer.alloc(7)), undefined);
});

test('the id that the linker was told to write into a real program', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-elf-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const program = join(folder, 'program');
  const gcc = ['-x', 'c', '-', '-nostdlib', '-Wl,--build-id=0x0123456789abcdef', '-o', program];
  await execa('gcc', gcc, { input: 'void _start(void) {}' });
  t.is(await readBuildId(program), '0123456789abcdef');
});

test('a file that is no ELF is refused by name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-elf-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'text');
  await writeFile(path, 'x'.repeat(100));
  await t.throwsAsync(readBuildId(path), { message: `${path}: expected a 64-bit little-endian ELF file` });
});

function note(name: string, type: number, contentHex: string): Buffer {
  const header = Buffer.alloc(12);
  const content = Buffer.from(contentHex, 'hex');
  header.writeUInt32LE(name.length + 1, 0);
  header.writeUInt32LE(content.length, 4);
  header.writeUInt32LE(type, 8);
  return Buffer.concat([header, pad(Buffer.from(`${name}\0`)), pad(content)]);
}

function pad(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
}
