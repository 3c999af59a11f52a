import test from 'ava';
import { clockVerdict, probeCycles } from './probe.ts';

const good = { tsc: { constant: true, nonstop: true, rdtscp: true }, clockSource: 'tsc' };

test('an invariant TSC that the kernel trusts is a clock for cycles', (t) => {
  t.deepEqual(clockVerdict(good), { works: true });
  t.deepEqual(clockVerdict({ ...good, clockSource: 'kvm-clock' }), { works: true });
});

test('any doubt about the TSC refuses the lens, with the reason', (t) => {
  const reason = (facts: typeof good) => {
    const verdict = clockVerdict(facts);
    return verdict.works ? null : verdict.reason;
  };
  t.regex(reason({ ...good, tsc: { ...good.tsc, nonstop: false } }) ?? '', /no invariant TSC/);
  t.regex(reason({ ...good, tsc: { ...good.tsc, rdtscp: false } }) ?? '', /no rdtscp/);
  t.regex(reason({ ...good, clockSource: 'jiffies' }) ?? '', /mistrusts the TSC/);
});

test('a host without the device is refused before anything boots', async (t) => {
  const guest = {
    board: 'microvm',
    kernel: '',
    initramfs: null,
    root: '',
    agent: '',
    parcel: null,
    memoryMiB: 0,
    cmdline: '',
    consoleLog: null,
    buildId: '',
  } as const;
  t.deepEqual(await probeCycles('/nonexistent', guest, '/nonexistent/kvm'), {
    works: false,
    reason: '/nonexistent/kvm cannot be opened: ENOENT',
  });
});
