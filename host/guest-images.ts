// The two disks of every guest, made or found.
import { join } from 'node:path';
import { ensureInitramfs } from '../vm/initramfs.ts';
import { ensureRootImage, type Image } from '../vm/root-image.ts';
import type { GuestRequest } from '../vm/vm.ts';
import { cacheRoot } from './cache.ts';
import { ensureAgentImage } from './guest-build/agent-image.ts';
import type { BuiltKernel } from './kernel/index.ts';
import { ownRoot, pinnedNode } from './project.ts';

export interface GuestImages {
  root: Image;
  agent: Image;
}

/** Errors: ROOT_IMAGE, ADDON_BUILD. */
export const ensureGuestImages = async (): Promise<GuestImages> => ({
  root: await ensureRootImage(cacheRoot(), { node: pinnedNode, init: join(ownRoot, 'guest/init/init') }),
  agent: await ensureAgentImage(),
});

/** What a guest of a kernel is started from. Errors: ROOT_IMAGE. */
export const guestOf = async (
  { vmlinux, buildId, board, drivers }: BuiltKernel,
  { root, agent }: GuestImages,
): Promise<Pick<GuestRequest, 'kernel' | 'buildId' | 'board' | 'initramfs' | 'root' | 'agent'>> => ({
  kernel: vmlinux,
  buildId,
  board,
  initramfs:
    drivers.length === 0
      ? null
      : await ensureInitramfs(cacheRoot(), { init: join(ownRoot, 'guest/init/early'), drivers }),
  root: root.path,
  agent: agent.path,
});
