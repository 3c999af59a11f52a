// Where everything is kept that can be made again.

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Absolute path of the project's cache: `$XDG_CACHE_HOME/ringcross`, by default `~/.cache/ringcross`.
 * Nothing is created here. As the XDG specification demands, a relative `XDG_CACHE_HOME` counts as unset.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.XDG_CACHE_HOME;
  const base = named !== undefined && isAbsolute(named) ? named : join(homedir(), '.cache');
  return join(base, 'ringcross');
}
