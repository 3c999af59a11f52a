// A kernel's version, as its top Makefile states it.

/** `6.12.50` or `6.13.0-rc1` of a kernel's top Makefile; `undefined` where the text is none. */
export function versionOfMakefile(makefile: string): string | undefined {
  const value = (name: string) => new RegExp(`^${name} *=[ \\t]*(\\S*)`, 'm').exec(makefile)?.[1];
  const numbers = [value('VERSION'), value('PATCHLEVEL'), value('SUBLEVEL')];
  if (!numbers.every((number) => number !== undefined && /^\d+$/.test(number))) return undefined;
  return `${numbers.join('.')}${value('EXTRAVERSION') ?? ''}`;
}
