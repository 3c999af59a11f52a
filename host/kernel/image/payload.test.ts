import test from 'ava';
import { findPayload } from './payload.ts';

/** A file with a boot header, as firmware reads it, and a payload. */
const bzImage = (payload: Buffer, { version = 0x020f, setupSectors = 3, offset = 100 } = {}): Buffer => {
  const start = ((setupSectors || 4) + 1) * 512 + offset;
  const image = Buffer.alloc(start + payload.length + 10);
  image.writeUInt8(setupSectors, 0x1f1);
  image.write('HdrS', 0x202);
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(offset, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, start);
  return image;
};

const size = Buffer.from([1, 2, 3, 4]);
const begins = {
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
  lz4: [0x02, 0x21, 0x4c, 0x18],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  lzma: [0x5d, 0, 0],
} as const;

for (const [packing, magic] of Object.entries(begins))
  test(`a kernel packed by ${packing} is found, without the size behind it`, (t) => {
    const packed = Buffer.from([...magic, 9, 9, 9]);
    for (const setupSectors of [0, 3, 27])
      t.deepEqual(findPayload(bzImage(Buffer.concat([packed, size]), { setupSectors })), {
        packing,
        bytes: packed,
      });
  });

test('what gzip packed ends with its own size', (t) => {
  const packed = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]);
  t.deepEqual(findPayload(bzImage(packed)), { packing: 'gzip', bytes: packed });
});

test('what is no kernel of ours to read is told in a sentence', (t) => {
  const xz = Buffer.from([...begins.xz, ...size]);
  t.regex(findPayload(Buffer.alloc(10)) as string, /expected a bzImage/);
  t.regex(findPayload(Buffer.alloc(4096)) as string, /expected a bzImage/);
  t.regex(findPayload(bzImage(xz, { version: 0x0207 })) as string, /2\.08 or later, but it is 2\.7/);
  t.regex(findPayload(bzImage(xz).subarray(0, 2100)) as string, /payload up to byte 2158, .* has 2100/);
  t.regex(findPayload(bzImage(Buffer.from('plain text'))) as string, /begins with 706c61696e20/);
});
