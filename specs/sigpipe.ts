// Whether a call has brought SIGPIPE, which Node.js ignores.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { attempt } from 'ringcross/guest';

const SIGPIPE = 13;
const [SIG_BLOCK, SIG_SETMASK] = [0, 2];

/** The signal's name if it has come to this thread since the last question, else `no signal`. */
export type AskForSigpipe = () => 'SIGPIPE' | 'no signal';

/** Keeps the signal pending for this thread until the test ends: blocked it stays so, even where it is ignored. */
export const holdSigpipe = (t: TestContext): AskForSigpipe => {
  const only = BigUint64Array.of(1n << BigInt(SIGPIPE - 1));
  const before = new BigUint64Array(1);
  assert.equal(attempt('rt_sigprocmask', SIG_BLOCK, only, before, 8), 0);
  t.after(() => assert.equal(attempt('rt_sigprocmask', SIG_SETMASK, before, 0, 8), 0));
  const ask: AskForSigpipe = () => {
    const atOnce = new BigUint64Array(2);
    const signal = attempt('rt_sigtimedwait', only, 0, atOnce, 8);
    if (signal === 'EAGAIN') return 'no signal';
    assert.equal(signal, SIGPIPE);
    return 'SIGPIPE';
  };
  assert.equal(ask(), 'no signal');
  return ask;
};
