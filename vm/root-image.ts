// The guest's root: busybox, an SSH server, node, exactly the libraries these need, and our init. Read-only erofs,
// uncompressed, so that a page of node is a page of the host's cache; made without root, kept by digest.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { canAccess } from './can-access.ts';
import { RingcrossError } from './errors.ts';
import { fileSha256 } from './file-digest.ts';
import { findProgram } from './find-program.ts';
import { withTemporaryFolder } from './temporary.ts';

/** Changes whenever the layout below does, so that an older image is not taken for this one. */
const recipe = 2;

const directories = ['proc', 'sys', 'dev', 'tmp', 'run', 'root', 'etc', 'agent', 'bin', 'node_modules'];

// dropbear refuses a user whose shell is not listed, and looks the user up in passwd.
const files: Record<string, string> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'etc/shells': '/bin/sh\n',
  'etc/hosts': '127.0.0.1 localhost\n',
};

// Specs, wherever they stand, import `ringcross/guest` from the agent itself.
const links: Record<string, string> = { 'node_modules/ringcross': '../agent' };

/** Where the programs of the root image come from on the host. */
export interface RootSources {
  /** The pinned node binary. */
  node: string;
  init: string;
}

export interface Image {
  path: string;
  sha256: string;
}

/** Finds the root image in `cacheDir` or makes it there. Errors: ROOT_IMAGE. */
export const ensureRootImage = async (cacheDir: string, sources: RootSources): Promise<Image> => {
  const programs = {
    node: sources.node,
    busybox: await requireProgram('busybox'),
    dropbear: await requireProgram('dropbear'),
    dropbearkey: await requireProgram('dropbearkey'),
  };
  const libraries = await librariesOf(Object.values(programs));
  const contents: [target: string, source: string][] = [
    ['init', sources.init],
    ...Object.entries(programs).map(([name, source]): [string, string] => [`bin/${name}`, source]),
    ...libraries.map((path): [string, string] => [path.slice(1), path]),
  ];
  const digest = createHash('sha256').update(JSON.stringify({ recipe, directories, files, links }));
  for (const [target, source] of contents) digest.update(`\0${target}\0${await fileSha256(source)}`);
  return await ensureImage(join(cacheDir, 'roots'), digest.digest('hex'), async (tree) => {
    for (const directory of directories) await mkdir(join(tree, directory), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text);
    for (const [name, target] of Object.entries(links)) await symlink(target, join(tree, name));
    for (const [target, source] of contents) {
      await mkdir(dirname(join(tree, target)), { recursive: true });
      await copyFile(source, join(tree, target), constants.COPYFILE_FICLONE);
      await chmod(join(tree, target), 0o755);
    }
    const applets = (await execa(programs.busybox, ['--list'])).stdout.split('\n');
    const taken = new Set(Object.keys(programs));
    for (const applet of applets) if (!taken.has(applet)) await symlink('busybox', join(tree, 'bin', applet));
  });
};

/** Finds the image `<dir>/<key>.erofs`, or makes it of what `fill` puts into an empty folder. Whole or not at all. */
export const ensureImage = async (
  dir: string,
  key: string,
  fill: (tree: string) => Promise<void>,
): Promise<Image> => {
  const path = join(dir, `${key.slice(0, 32)}.erofs`);
  const note = `${path}.sha256`;
  const known = await readFile(note, 'utf8').catch(() => null);
  if (known !== null && (await canAccess(path))) return { path, sha256: known.trim() };
  await mkdir(dir, { recursive: true });
  try {
    return await withTemporaryFolder(async (work) => {
      const tree = join(work, 'tree');
      await mkdir(tree);
      await fill(tree);
      const image = join(work, 'image.erofs');
      await makeErofs(tree, image);
      const sha256 = await fileSha256(image);
      await rename(image, path);
      await writeFile(join(work, 'note'), `${sha256}\n`);
      await rename(join(work, 'note'), note);
      return { path, sha256 };
    }, dir);
  } catch (cause) {
    if (cause instanceof RingcrossError) throw cause;
    throw new RingcrossError('ROOT_IMAGE', `expected to make ${path}, but: ${(cause as Error).message}`, {
      cause,
    });
  }
};

/** Same tree, same bytes: fixed time stamps, owner and file system id. Plain layout, nothing compressed. */
const makeErofs = async (tree: string, image: string): Promise<void> => {
  await execa('mkfs.erofs', [
    '--quiet',
    '-T0',
    '-U00000000-0000-0000-0000-000000000000',
    '--all-root',
    image,
    tree,
  ]);
};

/** Every shared library of the programs, as paths with directories, the loader among them. From ldd(1). */
export const librariesOf = async (programs: readonly string[]): Promise<string[]> => {
  const found = new Set<string>();
  for (const program of programs) {
    // ldd fails on a static program, which needs none.
    const { stdout } = await execa('ldd', [program], { reject: false });
    for (const path of libraryPaths(stdout)) found.add(path);
  }
  return [...found].sort();
};

/** The paths in the output of ldd: `name => path (address)` or, for the loader, `path (address)`. */
export const libraryPaths = (ldd: string): string[] =>
  ldd.split('\n').flatMap((line) => /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);

export const requireProgram = async (name: string): Promise<string> => {
  const path = await findProgram(name);
  if (path !== null) return path;
  throw new RingcrossError(
    'ROOT_IMAGE',
    `expected the program ${name} on this host, but it is not installed`,
    {
      next: 'ringcross doctor',
    },
  );
};
