// The kernel inside a bzImage. Format: Documentation/arch/x86/boot.rst of the kernel, "The real-mode kernel header". Pure.

import { type Packing, packings } from './unpack.ts';

/** A kernel as it is packed, and how. */
export interface Payload {
  packing: Packing;
  bytes: Buffer;
}

/** The packed kernel, or in a sentence why there is none that can be read. */
export function findPayload(image: Buffer): Payload | string {
  if (image.length < headerEnd || image.toString('latin1', magicAt, magicAt + 4) !== 'HdrS')
    return 'expected a bzImage, but there is no boot header in it';
  const version = image.readUInt16LE(versionAt);
  if (version < firstWithPayload)
    return `expected a boot protocol of 2.08 or later, but it is ${version >> 8}.${version & 0xff}`;
  // Zero stands for four, says the protocol.
  const setupSectors = image.readUInt8(setupSectorsAt) || 4;
  const start = (setupSectors + 1) * sectorBytes + image.readUInt32LE(payloadOffsetAt);
  const end = start + image.readUInt32LE(payloadLengthAt);
  if (end > image.length) return `expected a payload up to byte ${end}, but the file has ${image.length}`;
  const payload = image.subarray(start, end);
  for (const [name, { magic }] of Object.entries(packings)) {
    if (!payload.subarray(0, magic.length).equals(Buffer.from(magic))) continue;
    // The kernel's build appends the unpacked size, which no program expects there; gzip ends with it by itself.
    return { packing: name as Packing, bytes: name === 'gzip' ? payload : payload.subarray(0, -4) };
  }
  const begin = payload.subarray(0, 6).toString('hex');
  return `expected a kernel packed by one of ${Object.keys(packings).join(', ')}, but it begins with ${begin}`;
}

const setupSectorsAt = 0x1f1;
const magicAt = 0x202;
const versionAt = 0x206;
const payloadOffsetAt = 0x248;
const payloadLengthAt = 0x24c;
const headerEnd = 0x250;
const sectorBytes = 512;
const firstWithPayload = 0x0208;
