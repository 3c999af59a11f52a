// Archives that the kernel unpacks into its first root: cpio in the format "newc"
// (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel). Pure.

/** What an archive holds, in its order: a folder stands before what is in it. Paths are relative, with no dot at the front. */
export type CpioEntry =
  | { path: string; kind: 'folder' }
  | { path: string; kind: 'file'; content: Uint8Array; isExecutable: boolean };

/** The archive's bytes: the same for the same entries, whoever makes them and when. All belongs to root. */
export const cpioArchive = (entries: readonly CpioEntry[]): Buffer => {
  const members = entries.map((entry, index) => {
    const content = entry.kind === 'file' ? entry.content : nothing;
    return member(entry.path, index + 1, modeOf(entry), content);
  });
  return Buffer.concat([...members, member('TRAILER!!!', 0, 0, nothing)]);
};

const nothing = new Uint8Array();

/** File types of stat(2). */
const folderType = 0o040000;
const fileType = 0o100000;

const modeOf = (entry: CpioEntry): number =>
  entry.kind === 'folder' ? folderType | 0o755 : fileType | (entry.isExecutable ? 0o755 : 0o644);

const member = (path: string, inode: number, mode: number, content: Uint8Array): Buffer => {
  const name = Buffer.from(`${path}\0`);
  const fields = {
    inode,
    mode,
    user: 0,
    group: 0,
    links: 1,
    modified: 0,
    size: content.length,
    major: 0,
    minor: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    nameSize: name.length,
    // Zero in this format; only "crc" has one.
    checksum: 0,
  };
  const header = Object.values(fields).map((value) => value.toString(16).padStart(8, '0'));
  return Buffer.concat([padded(Buffer.from(`070701${header.join('')}`), name), padded(content)]);
};

/** Parts one behind the other, filled up to a multiple of four bytes. */
const padded = (...parts: readonly Uint8Array[]): Buffer => {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
};
