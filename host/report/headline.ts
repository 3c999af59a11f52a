// What stands below the title of every page to publish: what was run, and nothing of the machine it was run on.
import type { Manifest } from '../run/manifest.ts';
import type { Results } from '../run/results.ts';

/** The words of every table's directions. */
export const directions =
  'u2k is from user space to the kernel, k2u from the kernel to user space, u2u from one process to another.';

export const pageHeadline = (
  { run, cells }: Results,
  { started, kernels, lenses, ringcross, host }: Manifest,
): string => {
  const images = kernels.map(
    ({ release, imageSha256, compiler }) =>
      `Image of Linux ${release}: SHA-256 ${imageSha256}, by ${compiler}.`,
  );
  const passed = cells.filter(({ outcome }) => outcome === 'passed').length;
  return [
    `**Linux ${kernels.map(({ release }) => release).join(', ')}; lens ${lenses.map(({ lens }) => lens).join(', ')}; ${started.slice(0, 10)}; run ${run}.**`,
    `${passed} of ${cells.length} cells passed. ringcross ${ringcross.version}, ${host.qemu}.`,
    ...images,
  ].join(' ');
};
