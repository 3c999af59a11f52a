// `ringcross init`: a project for somebody's own modules, made of templates/project.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { RingcrossError } from '../../vm/errors.ts';
import { checkModuleName, completedPackage, type ProjectFile, renamed } from '../init/project-files.ts';
import { ownRoot } from '../project.ts';

const template = join(ownRoot, 'templates/project');

/** npm leaves files of this name out of packages, so the template has it under another. */
const hidden: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

const packageName = 'package.json';

/**
 * Writes the project into `folder`, which is made where there is none. A package.json that stands there is completed,
 * since npm makes one where it installs; any other file that is there is an error, and then nothing is written. Returns
 * the paths written, sorted.
 * Errors: INIT_EXISTS, USAGE.
 */
export const initProject = async (folder: string, name: string): Promise<string[]> => {
  checkModuleName(name);
  const files = (await readTemplate()).map((file) => renamed(file, name));
  const present = await readPackage(join(folder, packageName));
  const there: string[] = [];
  for (const { path } of files)
    if (path !== packageName && (await canAccess(join(folder, path)))) there.push(path);
  if (there.length > 0)
    throw new RingcrossError(
      'INIT_EXISTS',
      `expected none of the project's files in ${folder}, but these are there, so nothing was written: ${there.join(', ')}`,
      { next: 'npx ringcross init NEW-FOLDER' },
    );
  const written = files.map((file) =>
    file.path === packageName && present !== null
      ? { ...file, text: completedPackage(present, file.text, join(folder, packageName)) }
      : file,
  );
  for (const { path, text } of written) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    // Whoever makes one of the others meanwhile keeps it.
    await writeFile(join(folder, path), text, { flag: path === packageName ? 'w' : 'wx' });
  }
  return written.map(({ path }) => path);
};

/** What to type next, for a person who stands in `from`. */
export const nextSteps = (folder: string, from: string): string => {
  const way = relative(from, folder);
  return `next: ${way === '' ? '' : `cd ${way} && `}npm install && npx ringcross run`;
};

const readTemplate = async (): Promise<ProjectFile[]> => {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(template, join(entry.parentPath, entry.name)));
  return await Promise.all(
    paths.sort().map(async (path) => ({
      path: hidden[path] ?? path,
      text: await readFile(join(template, path), 'utf8'),
    })),
  );
};

const readPackage = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};
