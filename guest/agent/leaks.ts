// What a module has left behind, on a kernel with kmemleak: Documentation/dev-tools/kmemleak.rst.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const kmemleak = '/sys/kernel/debug/kmemleak';

/** kmemleak suspects nothing that is younger: MSECS_MIN_AGE of mm/kmemleak.c is 5 s. */
const ageMs = 6_000;

/** What there is from now on counts as known. Does nothing on a kernel without kmemleak. */
export const forgetLeaks = (): void => {
  if (existsSync(kmemleak)) writeFileSync(kmemleak, 'clear');
};

/**
 * The report of what nobody points to since `forgetLeaks`, line by line; empty where there is none, or no kmemleak. The
 * kernel itself then says so in its log.
 */
export const findLeaks = async (): Promise<string[]> => {
  if (!existsSync(kmemleak)) return [];
  await delay(ageMs);
  writeFileSync(kmemleak, 'scan');
  return readFileSync(kmemleak, 'latin1').split('\n').filter(Boolean);
};
