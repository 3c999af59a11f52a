// What no x86 build reads of a kernel's tree: a third of all its files.

/**
 * Arguments by which tar leaves it packed, where the tree's top folder is `top`: code of other architectures (not
 * their Kconfig files, some are sourced from elsewhere), manuals, perf and the self-tests.
 */
export function excludeUnread(top: string): string[] {
  return [
    '--wildcards',
    ...[
      'arch/[!x]*/*.[chS]',
      'arch/[!x]*/boot/dts/*',
      'Documentation/*/*',
      'tools/perf/*',
      'tools/testing/*',
    ].map((pattern) => `--exclude=${top}/${pattern}`),
  ];
}
