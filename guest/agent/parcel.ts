// Takes the files out of the parcel, the disk on which the host delivers them.
import { mkdirSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ParcelFile, parcelSerial } from '../protocol/messages.ts';

let disk: number | undefined;

/** Writes every file of the parcel at an offset to its place, missing folders with it. Throws where it is cut short. */
export const unpackParcel = (offset: number): void => {
  disk ??= openSync(parcelDevice(), 'r');
  const fd = disk;
  const index = read(fd, offset + 4, read(fd, offset, 4).readUInt32LE());
  let at = offset + 4 + index.length;
  for (const { path, bytes } of JSON.parse(index.toString()) as ParcelFile[]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, read(fd, at, bytes));
    at += bytes;
  }
};

const read = (fd: number, at: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  for (let got = 0; got < length; ) {
    const count = readSync(fd, bytes, got, length - got, at + got);
    if (count === 0) throw new Error(`the parcel ends at ${at + got} bytes, and ${length - got} are missing`);
    got += count;
  }
  return bytes;
};

/** The kernel numbers disks in an order of its own; QEMU gave each a serial number. */
const parcelDevice = (): string => {
  for (const name of readdirSync('/sys/block'))
    if (name.startsWith('vd') && readFileSync(`/sys/block/${name}/serial`, 'utf8').trim() === parcelSerial)
      return `/dev/${name}`;
  throw new Error(`expected a disk with the serial number ${parcelSerial}, but the machine has none`);
};
