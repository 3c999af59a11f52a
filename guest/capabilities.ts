// What a program may do without a privilege, tried by one that has it: capabilities(7).
import assert from 'node:assert/strict';
import { attempt } from './syscall.ts';

/** Bits of include/uapi/linux/capability.h. */
const bits = { CAP_NET_ADMIN: 12, CAP_SYS_RESOURCE: 24 } as const;

export type Capability = keyof typeof bits;

/** _LINUX_CAPABILITY_VERSION_3, then this thread. */
const header = (): Uint32Array => Uint32Array.of(0x2008_0522, 0);

/**
 * What `act` does on this thread, it does without the capability, which is in force again afterwards.
 * @throws {AssertionError} when it was not in force before: nothing would be shown.
 */
export const withoutCapability = <T>(capability: Capability, act: () => T): T => {
  // Two times effective, permitted and inheritable, for capabilities below 32 and from 32 on.
  const sets = new Uint32Array(6);
  assert.equal(attempt('capget', header(), sets), 0);
  const fewer = sets.with(0, (sets[0] ?? 0) & ~(1 << bits[capability]));
  assert.notDeepEqual(fewer, sets);
  assert.equal(attempt('capset', header(), fewer), 0);
  try {
    return act();
  } finally {
    assert.equal(attempt('capset', header(), sets), 0);
  }
};
