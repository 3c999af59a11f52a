// What a spec is, for a plan: another digest means that its cells are others.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RingcrossError } from '../../vm/errors.ts';
import { bundleSpec, moduleNeed, type SpecFile } from '../guest-build/spec.ts';
import { moduleDigest } from '../modules.ts';
import type { Project } from '../project.ts';

/**
 * SHA-256 of the spec as the guest gets it and of its modules' sources. One that does not compile, or lacks a module, has
 * a digest too: that it fails is what its cells will tell.
 */
export const specDigest = async (project: Project, { path, needs }: SpecFile): Promise<string> => {
  const digest = createHash('sha256');
  const content = await bundleSpec(project, path).then(
    (bundle) => bundle.content,
    (error: unknown) => orThrow(error, 'SPEC_LOAD', () => readFile(path)),
  );
  digest.update(content);
  for (const need of needs.modules) {
    const { name } = moduleNeed(need);
    const sources = await moduleDigest(project.modulesDir, name, '').catch((error: unknown) =>
      orThrow(error, 'MODULE_BUILD', async () => 'missing'),
    );
    digest.update(`\0${name}\0${sources}`);
  }
  return digest.digest('hex');
};

const orThrow = <T>(error: unknown, code: RingcrossError['code'], instead: () => Promise<T>): Promise<T> => {
  if (error instanceof RingcrossError && error.code === code) return instead();
  throw error;
};
