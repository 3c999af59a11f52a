// Headers of a kernel as shipped are made for a system where they are installed. Here they stand in the cache, so what names
// that system is changed. Their links are relative already: Debian's policy wants them so. Pure.

/** The Makefile of a flavour's headers, which includes that of all flavours by its installed path. */
export function relativeMakefile(makefile: string): string {
  return makefile.replaceAll(/^(include\s+)\/usr\/src\//gm, '$1../');
}

/**
 * Debian's `.kernelvariables` with the host's compiler in the place of the one that the kernel was compiled with: every host
 * has that, and its version is a part of the kernel's key. Where the two differ kbuild says so, and goes on.
 */
export function hostCompiler(kernelVariables: string): string {
  return kernelVariables.replaceAll(/(\$\(CROSS_COMPILE\))gcc-[\d.]+/g, '$1gcc');
}
