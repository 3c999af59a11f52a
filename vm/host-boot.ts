// Which boot of the host this is: what was found out or made in another may not hold.
import { readFile } from 'node:fs/promises';

/** The boot's id, from random(4). */
export const hostBoot = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
