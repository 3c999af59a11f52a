// Flow control over netlink, as Figures 2 and 3 of the survey draw it: stop-and-wait and a fixed window, kernel to user.
// kmod/netlink/window.c is the sender, of which a window of one message is stop-and-wait.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  type AccountReport,
  account,
  attempt,
  comesAndGoes,
  debugfs,
  decodeMessages,
  encodeMessage,
  finding,
  kernelSide,
  loadModule,
  messageFlags,
  modulePath,
  type Needs,
  openLoop,
  poll,
  pollAsync,
  resetStamps,
  tickUnit,
  unloadModule,
  until,
} from 'ringcross/guest';
import {
  acknowledges,
  ask,
  bindSocket,
  closeSocket,
  getBuffer,
  openBound,
  produce,
  receive,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOL_SOCKET,
  send,
  setBuffer,
  subscribe,
  types,
} from './netlink-socket.ts';

export const needs = { modules: ['netlink'] } satisfies Needs;

const windowed = 2;

/** Microseconds: as good as for ever, where a test is over long before. */
const never = 60_000_000;

/** struct rcnl_subscription of a window whose first message has this number. */
const windowFrom = (first: number): Buffer => Buffer.from(Uint32Array.of(0, windowed, first).buffer);

/** The module anew, with these parameters. */
const load = (parameters = ''): void => {
  const path = modulePath('netlink');
  unloadModule('netlink');
  loadModule(path, parameters);
};

const setParameter = (name: string, value: number): void =>
  writeFileSync(`/sys/module/ringcross_netlink/parameters/${name}`, `${value}`);

const counter = (name: string): number => Number(readFileSync(debugfs('netlink', name), 'latin1'));

const worker = debugfs('netlink', 'worker');
const startWorker = (order: string): void => writeFileSync(worker, order);

/** `DONE of COUNT error ERRNO`. */
const untilWorker = (state: string): Promise<void> =>
  until(`the worker is at "${state}"`, () => readFileSync(worker, 'latin1').trim() === state);

/** Numbers of messages go round at 2^32: which of two is earlier, only their distance tells. */
const distance = (seq: number, from: number): number => (seq - from) | 0;

type Fate = 'delivered' | 'duplicate' | 'gap' | 'overrun';

/** The other end of a window, which acknowledges when it is told to. */
class Receiver {
  readonly fd: number;
  /** nlmsg_seq of the next message in order. */
  expected: number;
  /** Numbers of the messages, of those in order. */
  readonly delivered: number[] = [];
  recognised = 0;

  constructor(fd: number, first: number) {
    this.fd = fd;
    this.expected = first;
  }

  /** Deals with the next datagram, which must be there, or with the notice that one found no room. */
  take(): Fate {
    const datagram = receive(this.fd);
    if (datagram === 'ENOBUFS') return 'overrun';
    assert.ok(typeof datagram !== 'string', `recvfrom: ${datagram}`);
    const [message] = decodeMessages(datagram);
    assert.ok(message && message.type === types.message);
    assert.equal(message.flags & messageFlags.ack, messageFlags.ack);
    const ahead = distance(message.seq, this.expected);
    if (ahead > 0) return 'gap';
    if (ahead < 0) {
      this.recognised++;
      return 'duplicate';
    }
    this.expected = (this.expected + 1) >>> 0;
    this.delivered.push(Number(message.payload.readBigUInt64LE()));
    return 'delivered';
  }

  /** As `take`, once there is one. */
  async next(): Promise<Fate> {
    assert.ok((await pollAsync(this.fd, ['in'], 10_000)).includes('in'), 'a message comes');
    const fate = this.take();
    return fate === 'overrun' ? this.take() : fate;
  }

  /** All that is there. */
  takeAll(): Fate[] {
    const fates: Fate[] = [];
    while (poll(this.fd, ['in']).length > 0) fates.push(this.take());
    return fates;
  }

  /** Says which was the last message in order; nothing answers. */
  acknowledge(seq = (this.expected - 1) >>> 0): void {
    const ack = encodeMessage({
      type: types.ack,
      flags: messageFlags.request,
      seq,
      payload: Buffer.alloc(0),
    });
    assert.equal(send(this.fd, ack), ack.length);
  }

  /** Takes, and acknowledges each, until the worker has come to its end. */
  async serve(end: string): Promise<void> {
    await until(
      `the worker is at "${end}"`,
      () => {
        while (poll(this.fd, ['in']).length > 0) {
          this.take();
          this.acknowledge();
        }
        return readFileSync(worker, 'latin1').trim() === end;
      },
      60_000,
    );
    this.takeAll();
  }
}

const subscribeWindow = (fd: number, first = 0): Receiver => {
  assert.equal(ask(fd, types.subscribe, windowFrom(first)), 0);
  return new Receiver(fd, first);
};

/**
 * When the test ends, the module is as it was: after all sockets that `use` opened have been closed, each of which keeps it.
 * What is opened later must be closed before.
 */
const restoring = <T>(t: TestContext, use: () => T): T => {
  try {
    return use();
  } finally {
    t.after(() => load());
  }
};

/** The module with these parameters until the test ends, and a subscriber with a window. */
const open = (t: TestContext, parameters: string, first = 0): Receiver =>
  restoring(t, () => {
    load(parameters);
    return subscribeWindow(openBound(t), first);
  });

const numbers = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

/** How many messages the kernel sends before it waits in vain. */
const sendUntilFull = (from: number): number => {
  for (let sent = 0; sent < 1000; sent++)
    try {
      produce(`64 ${from + sent}`);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ETIMEDOUT');
      return sent;
    }
  return assert.fail('the window has no end');
};

for (const [window, first] of [
  [1, 0],
  [1, 0xffff_ffff],
  [3, 0xffff_fffe],
  [4, 7],
  [64, 0xffff_ffc1],
] as const) {
  test(`a window of ${window} from number ${first} on: as many go out, and then as many as were acknowledged`, (t) => {
    const receiver = open(t, `window=${window} retries=0 ack_timeout_us=1000`, first);
    assert.equal(sendUntilFull(0), window);
    assert.deepEqual(receiver.takeAll(), Array(window).fill('delivered'));
    assert.deepEqual(receiver.delivered, numbers(window));
    // One acknowledgement stands for all before it.
    const half = Math.ceil(window / 2);
    receiver.acknowledge((first + half - 1) >>> 0);
    assert.equal(sendUntilFull(window), half);
    receiver.takeAll();
    receiver.acknowledge();
    assert.equal(sendUntilFull(window + half), window);
    receiver.takeAll();
    assert.deepEqual(receiver.delivered, numbers(2 * window + half));
    assert.deepEqual([counter('transmissions'), counter('repeated')], [2 * window + half, 0]);
  });
}

test('an acknowledgement that is late or comes again changes nothing; one of what was not sent is EINVAL', (t) => {
  const receiver = open(t, 'window=2 retries=0 ack_timeout_us=1000', 0xffff_ffff);
  produce('64 0');
  assert.equal(receiver.take(), 'delivered');
  receiver.acknowledge();
  assert.equal(sendUntilFull(1), 2);
  receiver.takeAll();
  for (const seq of [0xffff_ffff, 0xffff_ffff, 0xffff_fffe, 0x8000_0003])
    assert.equal(ask(receiver.fd, types.ack, Buffer.alloc(0), seq), 0, `${seq}`);
  assert.equal(sendUntilFull(3), 0, 'the window is as full as before');
  for (const seq of [2, 3, 0x8000_0001]) {
    assert.equal(ask(receiver.fd, types.ack, Buffer.alloc(0), seq), 'EINVAL', `${seq}`);
    assert.equal(sendUntilFull(3), 0);
  }
  receiver.acknowledge();
  assert.equal(sendUntilFull(3), 2);
});

test('a dropped acknowledgement: the message is sent again, and recognised', async (t) => {
  const receiver = open(t, 'window=1 ack_timeout_us=20000 retries=1000 ack_drop_permille=1000');
  startWorker('produce 64 5 1');
  assert.equal(await receiver.next(), 'delivered');
  receiver.acknowledge();
  assert.equal(counter('acks_dropped'), 1);
  assert.equal(await receiver.next(), 'duplicate');
  setParameter('ack_drop_permille', 0);
  receiver.acknowledge();
  await untilWorker('1 of 1 error 0');
  receiver.takeAll();
  assert.deepEqual(receiver.delivered, [5]);
  assert.equal(receiver.recognised, counter('repeated'));
  assert.equal(counter('transmissions'), 1 + receiver.recognised);
  assert.ok(counter('timeouts') >= receiver.recognised);
});

test('an acknowledgement beyond the timer: what was sent again is recognised, and the late one counts', async (t) => {
  const receiver = open(
    t,
    `window=1 ack_timeout_us=20000 retries=1000 ack_delay_permille=1000 ack_delay_us=${never}`,
  );
  startWorker('produce 64 5 1');
  assert.equal(await receiver.next(), 'delivered');
  receiver.acknowledge();
  assert.equal(counter('acks_delayed'), 1);
  assert.equal(await receiver.next(), 'duplicate');
  assert.equal(readFileSync(worker, 'latin1'), '0 of 1 error 0\n');
  // What is held back is due now.
  setParameter('ack_delay_us', 1);
  await untilWorker('1 of 1 error 0');
  setParameter('ack_delay_permille', 0);
  receiver.takeAll();
  // That of the duplicates comes after all has been acknowledged.
  receiver.acknowledge();
  startWorker('produce 64 6 1');
  await receiver.serve('1 of 1 error 0');
  assert.deepEqual(receiver.delivered, [5, 6]);
  assert.equal(receiver.recognised, counter('repeated'));
});

test('an acknowledgement that is taken twice makes room once', async (t) => {
  const receiver = open(t, `window=4 ack_timeout_us=${never} retries=0 ack_duplicate_permille=1000`);
  startWorker('produce 64 0 50');
  await receiver.serve('50 of 50 error 0');
  assert.deepEqual(receiver.delivered, numbers(50));
  assert.equal(receiver.recognised, 0);
  assert.deepEqual([counter('acks'), counter('acks_duplicated')], [50, 50]);
  setParameter('ack_timeout_us', 1000);
  assert.equal(sendUntilFull(50), 4);
});

test('retries are bounded: then it is ETIMEDOUT, and a message that found no room never goes out', async (t) => {
  const receiver = open(t, 'window=1 ack_timeout_us=1000 retries=3');
  resetStamps('netlink', 'sent');
  startWorker('produce 64 0 3 every 0');
  await untilWorker('2 of 3 error 110');
  const { stamps } = kernelSide('netlink', 'refused');
  assert.deepEqual([stamps.length / 3, stamps[0], stamps[2]], [2, 1n, 110n]);
  // Each of the two that found no room, and the end of the order, sent the first again three times.
  assert.deepEqual(receiver.takeAll(), ['delivered', ...Array(9).fill('duplicate')]);
  assert.deepEqual([counter('transmissions'), counter('repeated'), counter('timeouts')], [10, 9, 9]);
  receiver.acknowledge();
  // From here on the receiver is to be in time, on a busy host too.
  setParameter('ack_timeout_us', 20_000);
  setParameter('retries', 1000);
  startWorker('produce 64 3 1');
  await receiver.serve('1 of 1 error 0');
  assert.deepEqual(receiver.delivered, [0, 3]);
});

test('what comes after a gap is discarded, and all comes again in order', async (t) => {
  const receiver = open(t, 'window=4 ack_timeout_us=20000 retries=1000', 0xffff_fffe);
  startWorker('produce 64 0 4');
  await until('four messages are there', () => counter('transmissions') >= 4);
  // The receiver has lost the first.
  assert.ok(typeof receive(receiver.fd) !== 'string');
  assert.deepEqual([receiver.take(), receiver.take(), receiver.take()], ['gap', 'gap', 'gap']);
  receiver.acknowledge();
  await receiver.serve('4 of 4 error 0');
  assert.deepEqual(receiver.delivered, numbers(4));
  assert.ok(counter('repeated') >= 4);
});

test('a full receive buffer is no error: the rest goes out when the receiver has caught up', async (t) => {
  const receiver = open(t, `window=64 ack_timeout_us=${never} retries=0`);
  setBuffer(receiver.fd, SO_RCVBUF, 4096);
  startWorker('produce 64 0 64');
  await until('the buffer is full', () => counter('overruns') > 0);
  assert.equal(receiver.take(), 'overrun');
  await receiver.serve('64 of 64 error 0');
  assert.deepEqual(receiver.delivered, numbers(64));
  assert.deepEqual([counter('transmissions'), counter('repeated')], [64, 0]);
});

test('a full receive buffer that nobody empties is ETIMEDOUT', (t) => {
  const receiver = open(t, 'window=64 ack_timeout_us=1000 retries=2');
  setBuffer(receiver.fd, SO_RCVBUF, 4096);
  const sent = sendUntilFull(0);
  assert.ok(sent < 64, `${sent} messages`);
  assert.ok(counter('overruns') > 0);
});

test('numbers that go round while messages and acknowledgements are lost', async (t) => {
  const receiver = open(
    t,
    'window=5 ack_timeout_us=20000 retries=1000 ack_drop_permille=300 ack_duplicate_permille=300',
    0xffff_ff80,
  );
  startWorker('produce 64 0 256');
  await receiver.serve('256 of 256 error 0');
  assert.deepEqual(receiver.delivered, numbers(256));
  assert.ok(counter('acks_dropped') > 0 && counter('acks_duplicated') > 0);
});

test('whoever subscribes next begins anew; what was left with the one before is ECONNRESET to the sender', async (t) => {
  const [before, next] = restoring(t, () => {
    load(`window=1 ack_timeout_us=${never} retries=0 ack_delay_permille=1000 ack_delay_us=${never}`);
    return [subscribeWindow(openBound(t)), openBound(t)];
  });
  startWorker('produce 64 0 2');
  assert.equal(await before.next(), 'delivered');
  before.acknowledge();
  const after = subscribeWindow(next);
  await untilWorker('1 of 2 error 104');
  setParameter('ack_delay_permille', 0);
  startWorker('produce 64 9 1');
  assert.equal(await after.next(), 'delivered');
  // What was held back for the one before had the same number, and would be due now.
  setParameter('ack_delay_us', 1);
  assert.equal(readFileSync(worker, 'latin1'), '0 of 1 error 0\n');
  assert.equal(ask(before.fd, types.ack, Buffer.alloc(0), 0), 'EPERM');
  after.acknowledge();
  await untilWorker('1 of 1 error 0');
  assert.deepEqual([before.delivered, after.delivered], [[0], [9]]);
});

test('a subscriber that has gone is ECONNREFUSED when its messages are sent again, then nobody is there', async (t) => {
  const receiver = open(t, 'window=4 ack_timeout_us=20000 retries=1000');
  produce('64 0');
  closeSocket(receiver.fd);
  startWorker('produce 64 1 1');
  await untilWorker('0 of 1 error 111');
  assert.throws(() => produce('64 2'), { code: 'ENOTCONN' });
});

test('a worker that waits for an acknowledgement can be stopped', async (t) => {
  const receiver = open(t, `window=1 ack_timeout_us=${never} retries=0`);
  startWorker('produce 64 0 2');
  assert.equal(await receiver.next(), 'delivered');
  startWorker('stop');
  assert.equal(readFileSync(worker, 'latin1'), 'idle\n');
});

test('a window is for one subscriber, and its messages have a limit of their own', (t) => {
  const receiver = open(t, 'window_message=64');
  for (const [what, payload] of [
    ['a group', Buffer.from(Uint32Array.of(1, windowed, 0).buffer)],
    [
      'each message acknowledged for itself',
      Buffer.from(Uint32Array.of(0, windowed | acknowledges, 0).buffer),
    ],
    ['no first number', Buffer.from(Uint32Array.of(0, windowed).buffer)],
  ] as const)
    assert.equal(ask(receiver.fd, types.subscribe, payload), 'EINVAL', what);
  produce('64 1');
  assert.throws(() => produce('65 2'), { code: 'EMSGSIZE' });
  assert.equal(receiver.take(), 'delivered');
  receiver.acknowledge();
});

test('parameters that make no sense are refused', (t) => {
  const path = modulePath('netlink');
  unloadModule('netlink');
  t.after(() => loadModule(path));
  for (const parameter of [
    'window=0',
    'window=4097',
    'window_message=7',
    'window_message=262145',
    'window=4096 window_message=65536',
    'ack_timeout_us=0',
    'ack_timeout_us=60000001',
    'retries=1001',
    'ack_drop_permille=1001',
    'ack_delay_permille=1001',
    'ack_delay_us=0',
    'ack_duplicate_permille=1001',
  ]) {
    const name = parameter.replace(/=.*/, '');
    assert.throws(
      () => loadModule(path, parameter),
      (error: NodeJS.ErrnoException) => error.code === 'EINVAL' && error.message.includes(name),
      parameter,
    );
  }
});

/** What netlink accounts one queued message of this size with: its buffer and the overhead of that. */
const truesizeOf = (fd: number, bytes: number): number => {
  produce(`${bytes} 0`);
  const info = new Uint32Array(9);
  assert.equal(attempt('getsockopt', fd, SOL_SOCKET, SO_MEMINFO, info, Uint32Array.of(info.byteLength)), 0);
  assert.ok(typeof receive(fd, 2 * bytes) !== 'string');
  return info[0] ?? 0;
};

/**
 * How many messages of this size fit into the receive buffer of a socket that asked for so many bytes: as many as
 * netlink_attachskb() lets in, which is any first one, and another while all together do not pass what SO_RCVBUF says.
 */
const capacityOf = (t: TestContext, bytes: number, asked: number): number => {
  const fd = subscribe(t);
  setBuffer(fd, SO_RCVBUFFORCE, asked);
  const fit = Math.floor(getBuffer(fd, SO_RCVBUF) / truesizeOf(fd, bytes));
  closeSocket(fd);
  return Math.max(1, fit);
};

for (const [bytes, asked] of [
  [64, 4096],
  [256, 32768],
  [1024, 8192],
  [1024, 100_000],
  [4096, 2048],
] as const) {
  test(`the accounting of netlink says how many messages of ${bytes} B fit into ${asked} B`, (t) => {
    const capacity = capacityOf(t, bytes, asked);
    const fd = subscribe(t);
    setBuffer(fd, SO_RCVBUFFORCE, asked);
    for (const seq of numbers(capacity)) produce(`${bytes} ${seq}`);
    assert.throws(() => produce(`${bytes} ${capacity}`), { code: 'EAGAIN' });
    assert.equal(receive(fd), 'ENOBUFS');
    for (const _ of numbers(capacity)) assert.ok(typeof receive(fd, 2 * bytes) !== 'string');
    assert.equal(receive(fd), 'EAGAIN');
  });

  test(`a window of what fits into ${asked} B in messages of ${bytes} B does not overrun, one more does`, (t) => {
    const capacity = capacityOf(t, bytes, asked);
    for (const [window, overruns] of [
      [capacity, 0],
      [capacity + 1, 1],
    ] as const) {
      const receiver = open(t, `window=${window} ack_timeout_us=${never}`);
      setBuffer(receiver.fd, SO_RCVBUFFORCE, asked);
      for (const seq of numbers(window)) produce(`${bytes} ${seq}`);
      assert.deepEqual([counter('transmissions'), counter('overruns')], [capacity, overruns]);
      closeSocket(receiver.fd);
    }
  });
}

/** Bytes of the messages that are counted, and of the receive buffer that is asked for: room for some of them. */
const size = 256;
const room = 32768;

interface Run {
  variant: string;
  window: number;
  messages: number;
  /** Microseconds without an acknowledgement after which all is sent again. */
  timeout: number;
  /** Parameters that break something. */
  faults?: string;
}

/** How many of its messages the worker has sent; none before it has begun. */
const workerDone = (): number => Number(/^(\d+) of /.exec(readFileSync(worker, 'latin1'))?.[1] ?? 0);

/**
 * Many messages take minutes on a slow host, and on a kernel with its checkers: each part of them is a test, so that whoever
 * waits sees it go on.
 */
const inParts = async (t: TestContext, messages: number, running: Promise<unknown>): Promise<void> => {
  const parts = Math.floor(messages / 20_000);
  let over = false;
  const ended = () => {
    over = true;
  };
  running.then(ended, ended);
  for (let part = 1; part < parts; part++)
    await t.test(`part ${part} of ${parts} is sent`, () =>
      until('the worker goes on', () => over || workerDone() >= (part * messages) / parts, 170_000),
    );
};

/** Sends messages through a window: each arrives, once and in order. The module keeps its parameters. */
const throughWindow = async (t: TestContext, run: Run): Promise<AccountReport> => {
  const { variant, window, messages, timeout, faults = '' } = run;
  const capacity = capacityOf(t, size, room);
  load(`window=${window} ack_timeout_us=${timeout} retries=1000 stamps=${messages} ${faults}`);
  const running = openLoop({
    mechanism: 'netlink',
    direction: 'k2u',
    bench: 'load-windowed',
    variant,
    bytes: size,
    messages,
    periodNs: null,
    kernel: 'netlink',
    buffer: { size: room, unit: 'bytes', capacity },
    room,
    window,
    repeated: () => counter('repeated'),
  });
  const [report] = await Promise.all([running, inParts(t, messages, running)]);
  const { received, duplicated, reordered, corrupted, losses } = report;
  assert.deepEqual(
    { received, duplicated, reordered, corrupted, losses },
    { received: messages, duplicated: 0, reordered: 0, corrupted: 0, losses: [] },
  );
  // Only acknowledgements are broken: whatever was sent again had been delivered.
  assert.equal(report.recognised, report.repeated);
  assert.equal(counter('transmissions'), messages + report.repeated);
  return report;
};

/** In microseconds: far more than an acknowledgement takes, if it comes. */
const patience = 1000;

const faults = {
  dropped: 'ack_drop_permille=10',
  delayed: `ack_delay_permille=10 ack_delay_us=${3 * patience}`,
  duplicated: 'ack_duplicate_permille=10',
} as const;

for (const [what, window, ofInstructions, ofOthers, fault] of [
  ['stop-and-wait', 1, 10_000, 1_000_000, 'dropped'],
  ['stop-and-wait', 1, 5000, 50_000, 'delayed'],
  ['stop-and-wait', 1, 5000, 50_000, 'duplicated'],
  ['window', 16, 5000, 50_000, 'dropped'],
  ['window', 16, 5000, 50_000, 'delayed'],
  ['window', 16, 5000, 50_000, 'duplicated'],
] as const) {
  const variant = `${what}, 1 % of ACKs ${fault}`;
  test(`${variant}: no message is lost, and none delivered twice`, async (t) => {
    t.after(() => load());
    const messages = tickUnit() === 'instructions' ? ofInstructions : ofOthers;
    const report = await throughWindow(t, {
      variant,
      window,
      messages,
      timeout: patience,
      faults: faults[fault],
    });
    const faulty = counter(`acks_${fault}`);
    // The draws are those of one seed; with it their share is about what was asked for.
    assert.ok(faulty > messages / 200 && faulty < messages / 50, `${faulty} acknowledgements`);
    // Nothing else tells a sender that stops and waits that its message has come.
    if (window === 1 && fault !== 'duplicated') assert.ok(report.repeated > 0);
    account(report);
    if (what !== 'stop-and-wait' || fault !== 'dropped') return;
    finding({
      about: 'guarantee',
      mechanism: 'netlink',
      subject: 'k2u stop-and-wait',
      loses: report.received === report.offered ? 'never' : 'when full',
      condition: 'each message is acknowledged, and sent again until it is',
      says: `${report.duplicated} delivered twice, though 1 % of ACKs were lost: its number tells one that comes again`,
    });
  });
}

/** The messages without any acknowledgement, into a buffer that holds them all. */
const unacknowledged = async (t: TestContext, messages: number): Promise<AccountReport> => {
  const fd = subscribe(t);
  // The kernel doubles what is asked for.
  const asked = Math.ceil((messages * truesizeOf(fd, size)) / 2);
  closeSocket(fd);
  const report = await openLoop({
    mechanism: 'netlink',
    direction: 'k2u',
    bench: 'load-unicast',
    variant: 'raw',
    bytes: size,
    messages,
    periodNs: null,
    kernel: 'netlink',
    buffer: { size: asked, unit: 'bytes', capacity: messages },
    room: asked,
  });
  assert.deepEqual([report.received, report.losses, report.notices], [messages, [], []]);
  return report;
};

test('throughput over the window, up to the first that overruns, and that of the same messages unacknowledged', async (t) => {
  t.after(() => load());
  const messages = 1000;
  const raw = await unacknowledged(t, messages);
  const reports: AccountReport[] = [];
  for (let window = 1, overran = false; !overran; window *= 2) {
    // So long a time-out that nothing is sent again because the host is slow.
    const report = await throughWindow(t, { variant: 'window', window, messages, timeout: never / 6 });
    overran = counter('overruns') > 0;
    assert.equal(overran, window > (report.buffer?.capacity ?? 0), `a window of ${window}`);
    assert.equal(report.repeated, 0);
    const told = report.notices.map(({ who, error }) => [who, error]);
    assert.deepEqual(told, overran ? [['receiver', 'ENOBUFS']] : []);
    reports.push(report);
  }
  const [stopAndWait, largest] = [reports[0], reports.at(-2)];
  assert.ok(stopAndWait && largest && stopAndWait !== largest);
  if (tickUnit() === 'instructions') {
    const order = [raw, largest, stopAndWait].map(({ ticks }) => ticks ?? Number.NaN);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      'a window costs less than an acknowledgement for each, and nothing as little as none',
    );
  }
  for (const report of [raw, ...reports]) account(report);
  finding({
    about: 'guarantee',
    mechanism: 'netlink',
    subject: 'k2u window',
    loses: reports.every(({ received, offered }) => received === offered) ? 'never' : 'when full',
    condition: 'a window of SO_RCVBUF / truesize messages; a larger one overruns, and loses nothing either',
    says: `${largest.buffer?.capacity} messages of ${size} B fit where ${room} B were asked for`,
  });
});

comesAndGoes('netlink', () => {
  setParameter('ack_delay_permille', 1000);
  setParameter('ack_delay_us', never);
  const fd = bindSocket();
  const receiver = subscribeWindow(fd);
  produce('64 0');
  assert.equal(receiver.take(), 'delivered');
  // Held back until after the module has gone.
  receiver.acknowledge();
  assert.equal(counter('acks_delayed'), 1);
  assert.equal(attempt('close', fd), 0);
});
