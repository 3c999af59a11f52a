// Figures of ours against a witness that shares no code with them: guest/programs/cross-check.c, a program without
// libc and with windows of its own, makes the same system call with as many bytes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type Case, type Needs, program, sample, tickUnit } from 'ringcross/guest';

export const needs = { config: ['CONFIG_POSIX_MQUEUE'], modules: ['netlink'] } satisfies Needs;

const bytes = 1024;
const messages = 1000;
const warmup = 200;

/** By the program's name of a mechanism: the bench whose send is the same call. */
const benches: Record<string, Case> = {
  pipe: { mechanism: 'pipe', direction: 'u2u', variant: 'alternating', bytes },
  mqueue: { mechanism: 'mqueue', direction: 'u2u', variant: 'alternating', bytes },
  netlink: { mechanism: 'netlink', direction: 'u2k', variant: 'unicast', bytes, kernel: 'netlink' },
};

/** Runs the program, which compares every message that it gets back; it fails when one is missing or wrong. */
const crossCheck = (mechanism: string): { overhead: number; samples: number[] } => {
  const args = [mechanism, bytes, messages, warmup].map(String);
  const lines = execFileSync(program('cross-check'), args, { encoding: 'latin1' }).trimEnd().split('\n');
  const [overhead = Number.NaN, ...samples] = lines.map(Number);
  return { overhead, samples };
};

/** Nearest rank, as everywhere in reports. */
const median = (values: ArrayLike<number | bigint>): number =>
  Array.from(values, Number).sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1] ?? Number.NaN;

const incomparable =
  tickUnit() === 'instructions' ? false : 'ticks are comparable where they count instructions';

for (const [mechanism, bench] of Object.entries(benches)) {
  test(`${mechanism}: a program without libc sends and takes every message`, () => {
    const { overhead, samples } = crossCheck(mechanism);
    assert.equal(samples.length, messages);
    assert.ok([overhead, ...samples].every(Number.isInteger), 'each is a whole number of ticks');
  });

  // In the kernel both count the same to the last instruction. What differs is how many of the call's registers are
  // loaded inside the window: the bench loads all, the program has some of them ready.
  test(`${mechanism}: it counts what our stamps count`, { skip: incomparable }, async () => {
    const ours = await sample(bench);
    assert.ok(ours.send);
    const witness = crossCheck(mechanism);
    const its = median(witness.samples) - witness.overhead;
    const our = median(ours.send);
    const tolerance = witness.overhead + Number(ours.overhead);
    assert.ok(
      Math.abs(its - our) <= tolerance,
      `its median is ${its}, ours ${our}: further apart than both empty windows, ${tolerance}`,
    );
  });
}

test('the program names a mechanism that it does not know, and a number that it does not take', () => {
  for (const [args, says] of [
    [['pigeon', '1024', '1', '1'], 'no such mechanism: 22'],
    [['pipe', '7', '1', '1'], 'a number out of its range: 22'],
    [['pipe', '1024', '1x', '1'], 'a number out of its range: 22'],
    [['pipe'], 'expected MECHANISM BYTES MESSAGES WARMUP: 22'],
  ] as const) {
    const { status, stderr } = spawnSync(program('cross-check'), args, { encoding: 'latin1' });
    assert.deepEqual([status, stderr], [1, `cross-check: ${says}\n`]);
  }
});
