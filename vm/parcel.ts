// The files of a spec as one disk for the guest: read there in a few requests, where a session of SSH takes longer to
// agree on a key. The format is told in guest/protocol/messages.ts.
import { open } from 'node:fs/promises';
import { type ParcelFile, parcelCapacity, parcelOffsets } from '../guest/protocol/messages.ts';
import { RingcrossError } from './errors.ts';

/** A file for the guest: where it is put, and what is in it. */
export interface PackedFile {
  path: string;
  content: Buffer;
}

/** The parcel's bytes. Pure. */
export const packParcel = (files: readonly PackedFile[]): Buffer => {
  const list: ParcelFile[] = files.map(({ path, content }) => ({ path, bytes: content.length }));
  const index = Buffer.from(JSON.stringify(list));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(index.length);
  return Buffer.concat([length, index, ...files.map(({ content }) => content)]);
};

/** Makes the disk with one parcel, sparse, of the size that every such disk has. Errors: USAGE where it does not fit. */
export const writeParcel = async (
  path: string,
  files: readonly PackedFile[],
  offset: number = parcelOffsets.spec,
): Promise<void> => {
  const parcel = packParcel(files);
  if (offset + parcel.length > parcelCapacity)
    throw new RingcrossError(
      'USAGE',
      `expected a spec and its modules of at most ${parcelCapacity - offset} bytes, but they have ${parcel.length}`,
    );
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(parcelCapacity);
  // write(2) takes less than all of it where the disk is nearly full, and the next says so.
  for (let at = 0; at < parcel.length; )
    at += (await file.write(parcel, at, parcel.length - at, offset + at)).bytesWritten;
};
