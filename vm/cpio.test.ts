import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import { withTemporaryFolder } from './temporary.ts';

const entries: CpioEntry[] = [
  { path: 'bin', kind: 'folder' },
  { path: 'bin/five', kind: 'file', content: Buffer.from('12345'), isExecutable: true },
  { path: 'empty', kind: 'file', content: Buffer.alloc(0), isExecutable: false },
  { path: 'four', kind: 'file', content: Buffer.from('1234'), isExecutable: false },
];

test('another program unpacks the archive to the same files', async (t) => {
  await withTemporaryFolder(async (folder) => {
    const archive = join(folder, 'archive');
    await writeFile(archive, cpioArchive(entries));
    const cpio = (...words: string[]) =>
      execa('busybox', ['cpio', '-F', archive, ...words], { cwd: folder, stripFinalNewline: false });
    const { stdout: listed } = await cpio('-t', '-v');
    const lines = listed.trimEnd().split('\n');
    t.deepEqual(
      lines
        .map((line) => line.split(/\s+/))
        .map(([mode, owner, size, , , name]) => [mode, owner, size, name]),
      [
        ['drwxr-xr-x', '0/0', '0', 'bin'],
        ['-rwxr-xr-x', '0/0', '5', 'bin/five'],
        ['-rw-r--r--', '0/0', '0', 'empty'],
        ['-rw-r--r--', '0/0', '4', 'four'],
      ],
    );
    const { stdout: content } = await cpio('-i', '--to-stdout', 'bin/five', 'four');
    t.is(content, '123451234');
  });
});

test('every part begins at a multiple of four bytes, and the archive has its end', (t) => {
  const archive = cpioArchive(entries);
  t.is(archive.length % 4, 0);
  for (const part of ['070701', '12345'])
    for (let at = archive.indexOf(part); at >= 0; at = archive.indexOf(part, at + 6)) t.is(at % 4, 0);
  t.true(archive.includes('TRAILER!!!\0'));
});
