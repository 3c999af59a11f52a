// The GNU build id of an ELF file: the same bytes that a running kernel shows in /sys/kernel/notes.
// Format: elf(5), "Notes (Nhdr)".

import { type FileHandle, open } from 'node:fs/promises';

/**
 * The build id in lower-case hexadecimal, `undefined` when the file has none.
 * Reads 64-bit little-endian ELF, which is all that an x86-64 kernel can be.
 */
export async function readBuildId(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const header = await readAt(file, 0, 64);
    if (header.readUInt32BE(0) !== elfMagic || header[4] !== class64 || header[5] !== littleEndian) {
      throw new Error(`${path}: expected a 64-bit little-endian ELF file`);
    }
    const tableOffset = Number(header.readBigUInt64LE(32));
    const entrySize = header.readUInt16LE(54);
    const entryCount = header.readUInt16LE(56);
    const table = await readAt(file, tableOffset, entrySize * entryCount);
    for (let at = 0; at < table.length; at += entrySize) {
      if (table.readUInt32LE(at) !== ptNote) continue;
      const offset = Number(table.readBigUInt64LE(at + 8));
      const size = Number(table.readBigUInt64LE(at + 32));
      const id = findBuildId(await readAt(file, offset, size));
      if (id !== undefined) return id;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

const elfMagic = 0x7f454c46;
const class64 = 2;
const littleEndian = 1;
const ptNote = 4;
const ntGnuBuildId = 3;

/** The build id in a block of ELF notes. Name and content of a note are each padded to four bytes. */
export function findBuildId(notes: Buffer): string | undefined {
  let at = 0;
  while (at + 12 <= notes.length) {
    const nameSize = notes.readUInt32LE(at);
    const contentSize = notes.readUInt32LE(at + 4);
    const name = at + 12;
    const content = name + padded(nameSize);
    const isGnu = notes.toString('latin1', name, name + nameSize) === 'GNU\0';
    if (isGnu && notes.readUInt32LE(at + 8) === ntGnuBuildId) {
      return notes.toString('hex', content, content + contentSize);
    }
    at = content + padded(contentSize);
  }
  return undefined;
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
