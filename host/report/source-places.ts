// Where a project's sources stand in their repository: CI services want files named from its root.
import { dirname, join, posix, relative } from 'node:path';
import { canAccess } from '../../vm/can-access.ts';
import { findProject } from '../project.ts';

export interface SourcePlaces {
  /** The project's folder from the repository's root; empty where they are one. */
  project: string;
  /** The folder of its specs from the project's; null where there is no project. */
  specs: string | null;
}

/** A file that the project names from its root. */
export const inRepository = ({ project }: SourcePlaces, file: string): string => posix.join(project, file);

/** Null where there is no project to find it in. */
export const specInRepository = (places: SourcePlaces, spec: string): string | null =>
  places.specs === null ? null : inRepository(places, posix.join(places.specs, `${spec}.spec.ts`));

/** Of the project that a folder is in, and the repository that is in: the nearest folder upwards with a `.git`. */
export const findPlaces = async (from: string): Promise<SourcePlaces> => {
  const project = await findProject(from);
  if (!project) return { project: '', specs: null };
  return {
    project: relative(await repositoryOf(project.root), project.root),
    specs: relative(project.root, project.specsDir),
  };
};

const repositoryOf = async (root: string): Promise<string> => {
  for (let folder = root; ; folder = dirname(folder)) {
    if (await canAccess(join(folder, '.git'))) return folder;
    // No repository: files are named from the project's own root.
    if (folder === dirname(folder)) return root;
  }
};
