// Which Debian mirror the host already uses, read from what apt itself makes of its configuration.

/** Base URLs, with a final slash. */
export interface DebianMirrors {
  archive: string;
  /** Not there when the host has a Debian mirror but none of its security archive. */
  security: string | undefined;
}

/** Debian's own addresses, for a host that has no Debian mirror in its apt configuration, such as Ubuntu. */
export const publicMirrors: DebianMirrors = {
  archive: 'http://mirror.invalid/debian/',
  security: 'http://mirror.invalid/debian-security/',
};

/**
 * The host's Debian mirrors, from the output of `apt-get update --print-uris`, which works without root and
 * without downloaded lists and has read every format of apt's source files.
 *
 * Third-party archives name their suites after Debian's as well. What only Debian's archive has is a suite
 * together with its `-updates`, and `-security` as a suite of its own.
 */
export function findDebianMirrors(printedUris: string): DebianMirrors {
  const suitesByBase = new Map<string, Set<string>>();
  for (const [, base, suite] of printedUris.matchAll(/^'(.+\/)dists\/([^']+)\/(?:In)?Release'/gm)) {
    if (base === undefined || suite === undefined || base.startsWith('cdrom:')) continue;
    const suites = suitesByBase.get(base) ?? new Set();
    suitesByBase.set(base, suites.add(suite));
  }
  const bases = [...suitesByBase];
  const archive = bases.find(([, suites]) =>
    debianReleases.some((release) => suites.has(release) && suites.has(`${release}-updates`)),
  )?.[0];
  if (archive === undefined) return publicMirrors;
  const security = bases.find(([, suites]) =>
    debianReleases.some((release) => suites.has(`${release}-security`)),
  )?.[0];
  return { archive, security };
}

// Releases that have an -updates suite; a host that follows sid alone is given the public mirror.
const debianReleases = [
  'stable',
  'oldstable',
  'oldoldstable',
  'testing',
  'bullseye',
  'bookworm',
  'trixie',
  'forky',
  'duke',
];

/** A one-line-style sources list of Debian suites, each signed by `keyring`. */
export function sourcesList(mirrors: DebianMirrors, suites: readonly string[], keyring: string): string {
  return suites
    .map((suite) => ({ suite, base: suite.endsWith('-security') ? mirrors.security : mirrors.archive }))
    .filter(({ base }) => base !== undefined)
    .map(({ suite, base }) => `deb [arch=amd64 signed-by=${keyring}] ${base} ${suite} main\n`)
    .join('');
}
