import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parcelCapacity, parcelOffsets } from '../guest/protocol/messages.ts';
import { packParcel, writeParcel } from './parcel.ts';

const files = [
  { path: '/run/a', content: Buffer.from('first') },
  { path: '/run/empty', content: Buffer.alloc(0) },
  { path: '/run/b', content: Buffer.from([0, 255]) },
];

test('a parcel is a length, a list of files, and their bytes in its order', (t) => {
  const parcel = packParcel(files);
  const length = parcel.readUInt32LE();
  t.deepEqual(JSON.parse(parcel.subarray(4, 4 + length).toString()), [
    { path: '/run/a', bytes: 5 },
    { path: '/run/empty', bytes: 0 },
    { path: '/run/b', bytes: 2 },
  ]);
  t.deepEqual(parcel.subarray(4 + length), Buffer.from('first\0\xff', 'latin1'));
});

test('the disk is sparse and of one size, and holds the parcel where it is looked for', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-test-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'parcel');
  await writeParcel(path, files);
  const { size, blocks } = await stat(path);
  t.is(size, parcelCapacity);
  t.true(blocks * 512 < 1024 * 1024, `it takes ${blocks * 512} bytes`);
  const parcel = packParcel(files);
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(parcel.length), 0, parcel.length, parcelOffsets.spec);
  t.deepEqual(buffer, parcel);
});

test('what does not fit is refused before anything is written', async (t) => {
  const content = Buffer.alloc(parcelCapacity - parcelOffsets.spec);
  await t.throwsAsync(writeParcel('/nonexistent/parcel', [{ path: '/run/a', content }]), {
    code: 'USAGE',
    message: /of at most 1056964608 bytes, but they have 1056964\d{3}/,
  });
});
