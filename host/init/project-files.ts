// What `ringcross init` writes: the template's files under another name, and what package.json lacks. Pure.
import { RingcrossError } from '../../vm/errors.ts';

/** A file by its path in the project. */
export interface ProjectFile {
  path: string;
  text: string;
}

/** What the template calls its module, and so does a project that is given no name. */
export const templateName = 'postbox';

/** Longer ones are refused by the kernel: MODULE_NAME_LEN is 56 and counts the NUL. */
const longestName = 55;

/**
 * Checks the name of a module, which becomes a prefix of C's identifiers, a device and files.
 * @throws RingcrossError USAGE
 */
export const checkModuleName = (name: string): void => {
  if (/^[a-z][a-z0-9_]*$/.test(name) && name.length <= longestName && name !== 'include') return;
  throw new RingcrossError(
    'USAGE',
    `expected a module's name of at most ${longestName} small letters, digits and "_" that begins with a letter and is not "include", but got ${name}`,
  );
};

/** The template's file in a project whose module has this name: in its path and wherever it stands in the text. */
export const renamed = ({ path, text }: ProjectFile, name: string): ProjectFile => {
  const inside = (of: string): string =>
    of.replaceAll(templateName, name).replaceAll(templateName.toUpperCase(), name.toUpperCase());
  return { path: inside(path), text: inside(text) };
};

type Json = Record<string, unknown>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Kinds of dependencies that npm installs beside a project. */
const dependencyKinds = ['dependencies', 'devDependencies', 'optionalDependencies'];

/**
 * A project's package.json with what it lacks of the template's scripts and dependencies, and the type of modules.
 * Nothing that it says is changed. `path` is for messages.
 * @throws RingcrossError USAGE where it is none, or says that modules are of another type.
 */
export const completedPackage = (present: string, wanted: string, path: string): string => {
  const own = parsedPackage(present, path);
  const { type, scripts, devDependencies } = JSON.parse(wanted) as Record<
    'scripts' | 'devDependencies',
    Json
  > & {
    type: string;
  };
  if (own.type !== undefined && own.type !== type)
    throw new RingcrossError(
      'USAGE',
      `expected "type": "${type}" in ${path}, since specs and the config are ES modules, but it is ${JSON.stringify(own.type)}`,
      { next: `npm pkg set type=${type}` },
    );
  const known = dependencyKinds.flatMap((kind) => Object.keys(sectionOf(own, kind)));
  const missing = Object.entries(devDependencies).filter(([name]) => !known.includes(name));
  return `${JSON.stringify(
    {
      ...own,
      type,
      scripts: { ...scripts, ...sectionOf(own, 'scripts') },
      ...(missing.length > 0
        ? {
            devDependencies: sorted({ ...sectionOf(own, 'devDependencies'), ...Object.fromEntries(missing) }),
          }
        : {}),
    },
    null,
    2,
  )}\n`;
};

const parsedPackage = (text: string, path: string): Json => {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch (cause) {
    throw new RingcrossError('USAGE', `expected JSON in ${path}, but: ${(cause as Error).message}`, {
      cause,
    });
  }
  throw new RingcrossError('USAGE', `expected an object in ${path}, but it holds something else`);
};

const sectionOf = (of: Json, name: string): Json => {
  const section = of[name];
  return isRecord(section) ? section : {};
};

/** As npm writes them. */
const sorted = (of: Json): Json =>
  Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
