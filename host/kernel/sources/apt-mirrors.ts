// Which Debian mirror the host already uses, read from what apt itself makes of its configuration.

/** Base URLs, with a final slash. */
export interface DebianMirrors {
  archive: string;
  /** Not there when the host has a Debian mirror but none of its security archive. */
  security: string | undefined;
}

/** What names a mirror on a host whose apt configuration has none, such as Ubuntu's. */
export const mirrorVariables = {
  archive: 'RINGCROSS_DEBIAN_MIRROR',
  security: 'RINGCROSS_DEBIAN_SECURITY_MIRROR',
} as const;

/** The mirrors that the environment names; they win over the host's. Undefined where it names none. */
export function namedMirrors(env: NodeJS.ProcessEnv): DebianMirrors | undefined {
  const [archive, security] = [env[mirrorVariables.archive], env[mirrorVariables.security]].map((url) =>
    url ? url.replace(/\/*$/, '/') : undefined,
  );
  return archive === undefined ? undefined : { archive, security };
}

/**
 * The host's Debian mirrors, from the output of `apt-get update --print-uris`, which works without root and
 * without downloaded lists and has read every format of apt's source files.
 *
 * Third-party archives name their suites after Debian's as well. What only Debian's archive has is a suite
 * together with its `-updates`, and `-security` as a suite of its own. Undefined where the host has no such archive.
 */
export function findDebianMirrors(printedUris: string): DebianMirrors | undefined {
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
  if (archive === undefined) return undefined;
  const security = bases.find(([, suites]) =>
    debianReleases.some((release) => suites.has(`${release}-security`)),
  )?.[0];
  return { archive, security };
}

// Releases that have an -updates suite; a host that follows sid alone must name a mirror.
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
