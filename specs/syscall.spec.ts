// The border itself: the `syscall` instruction, the 32-bit entry `int 0x80`, and the copy of a payload each way.
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  attempt,
  finding,
  int80,
  measure,
  type Needs,
  nowhere,
  outcome,
  poll,
  sizes,
  startPeer32,
  syscall,
} from 'ringcross/guest';

export const needs = { config: ['CONFIG_IA32_EMULATION'] } satisfies Needs;

// A call that does nothing but enter, look up one number and return; by both entries.
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'getppid', sizes: [0] });
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'getppid-int80', sizes: [0] });

// The plainest copy there is, to and from a page of a file in memory.
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'pwrite-memfd', sizes });
measure({ mechanism: 'syscall', direction: 'k2u', variant: 'pread-memfd', sizes });

const mechanism = 'syscall';
const page = 4096;
const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_PRIVATE, MAP_ANONYMOUS] = [2, 0x20];
/** Numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
const i386 = { read: 3, write: 4, getpid: 20, munmap: 91, mmap2: 192, none: 9999 };

/** A new file in memory, closed when the test ends. */
const openMemory = (t: TestContext): number => {
  const fd = Number(syscall('memfd_create', 'ringcross', 1));
  assert.ok(fd >= 0, `memfd_create: ${outcome(BigInt(fd))}`);
  t.after(() => assert.equal(attempt('close', fd), 0));
  return fd;
};

/** New private pages, unmapped when the test ends. */
const mapPages = (t: TestContext, pages: number, protection: number): bigint => {
  const address = syscall('mmap', 0, pages * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert.ok(address > 0n, `mmap: ${outcome(address)}`);
  t.after(() => assert.equal(attempt('munmap', address, pages * page), 0));
  return address;
};

test('both entries lead to the same kernel, each with its own numbers', () => {
  assert.equal(attempt('getpid'), process.pid);
  assert.equal(Number(int80(i386.getpid)), process.pid);
});

test('a call has no event of its own: what it is asked for is done when it returns, and its file is always ready', (t) => {
  const fd = openMemory(t);
  const empty = poll(fd);
  assert.equal(attempt('pwrite64', fd, 'message!', 8, 0), 8);
  assert.deepEqual(
    [empty, poll(fd)],
    [
      ['in', 'out'],
      ['in', 'out'],
    ],
    'poll cannot tell a message from none',
  );
  const epoll = attempt('epoll_create1', 0);
  assert.ok(typeof epoll === 'number', `epoll_create1: ${epoll}`);
  t.after(() => assert.equal(attempt('close', epoll), 0));
  const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1];
  const watching = attempt('epoll_ctl', epoll, EPOLL_CTL_ADD, fd, Uint32Array.of(EPOLLIN, fd, 0));
  assert.equal(watching, 'EPERM');
  finding({
    about: 'signalling',
    mechanism,
    subject: 'poll',
    works: false,
    says: `always ${empty.join(' and ')}; epoll_ctl: ${watching}`,
  });
});

test('a number that names no call is ENOSYS at either entry', () => {
  assert.equal(attempt(9999), 'ENOSYS');
  assert.equal(outcome(int80(i386.none)), 'ENOSYS');
});

test('the 32-bit entry maps memory below 4 GiB, and copies to and from it', (t) => {
  const address = int80(
    i386.mmap2,
    0,
    page,
    PROT_READ | PROT_WRITE,
    MAP_PRIVATE | MAP_ANONYMOUS,
    0xffff_ffff,
  );
  // The result is 32 bits wide and comes back sign-extended.
  const below = BigInt.asUintN(32, address);
  assert.ok(below % 4096n === 0n, `not an address: ${outcome(address)}`);
  t.after(() => assert.equal(Number(int80(i386.munmap, below, page)), 0));
  const fd = openMemory(t);
  assert.equal(attempt('pwrite64', fd, 'message!', 8, 0), 8);
  assert.equal(Number(int80(i386.read, fd, below, 8)), 8);
  assert.equal(Number(int80(i386.write, fd, below, 8)), 8);
  const back = Buffer.alloc(8);
  assert.equal(attempt('pread64', fd, back, 8, 8), 8);
  assert.equal(back.toString('latin1'), 'message!');
});

test('a payload comes back as it went', (t) => {
  const fd = openMemory(t);
  const out = Buffer.from(Uint8Array.from({ length: 65536 }, (_, index) => index % 251));
  const back = Buffer.alloc(out.length);
  assert.equal(attempt('pwrite64', fd, out, out.length, 0), out.length);
  assert.equal(attempt('pread64', fd, back, back.length, 0), back.length);
  assert.ok(out.equals(back));
  assert.equal(attempt('pread64', fd, back, 8, out.length), 0, 'beyond the end there is nothing');
});

const unusable = {
  ...nowhere,
  'an address that is not canonical': 0x8000_0000_0000_0000n,
};

for (const [what, address] of Object.entries(unusable)) {
  test(`${what} is EFAULT in both directions`, (t) => {
    const fd = openMemory(t);
    assert.equal(attempt('pwrite64', fd, address, 8, 0), 'EFAULT');
    assert.equal(attempt('pwrite64', fd, 'message!', 8, 0), 8);
    assert.equal(attempt('pread64', fd, address, 8, 0), 'EFAULT');
  });
}

test('the 32-bit entry knows bad pointers too', (t) => {
  const fd = openMemory(t);
  assert.equal(outcome(int80(i386.write, fd, 0, 8)), 'EFAULT');
});

test('the kernel does not write to memory that the program may only read', (t) => {
  const fd = openMemory(t);
  const readOnly = mapPages(t, 1, PROT_READ);
  assert.equal(attempt('pwrite64', fd, readOnly, 8, 0), 8, 'reading it is allowed');
  assert.equal(attempt('pread64', fd, readOnly, 8, 0), 'EFAULT');
});

test('a copy that runs into a hole ends there and tells how far it came', (t) => {
  const fd = openMemory(t);
  const start = mapPages(t, 2, PROT_READ | PROT_WRITE);
  assert.equal(attempt('munmap', start + 4096n, page), 0);
  assert.equal(attempt('pwrite64', fd, start, 2 * page, 0), page);
});

test('a file that is not open is EBADF before anything is copied', () => {
  assert.equal(attempt('pwrite64', -1, 0n, 8, 0), 'EBADF');
});

test('six registers carry arguments, and the sixth arrives as well as the first', (t) => {
  const fd = openMemory(t);
  const MAP_SHARED = 1;
  for (const [at, text] of [
    [0, 'first'],
    [page, 'other'],
  ] as const)
    assert.equal(attempt('pwrite64', fd, text, text.length, at), text.length);
  // The sixth is the offset in the file: what is mapped depends on it.
  for (const [offset, text] of [
    [0, 'first'],
    [page, 'other'],
  ] as const) {
    const address = syscall('mmap', 0, page, PROT_READ, MAP_SHARED, fd, offset);
    assert.ok(address > 0n, `mmap: ${outcome(address)}`);
    t.after(() => assert.equal(attempt('munmap', address, page), 0));
    const copy = openMemory(t);
    assert.equal(attempt('write', copy, address, text.length), text.length);
    const back = Buffer.alloc(text.length);
    assert.equal(attempt('pread64', copy, back, back.length, 0), back.length);
    assert.equal(back.toString('latin1'), text);
  }
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'registers',
    bytes: 6 * 8,
    says: 'six of 8 B; anything longer goes by its address',
  });
});

test('one read or write moves up to 2 GiB less a page, and tells how much', (t) => {
  const fd = attempt('open', '/dev/null', constants.O_WRONLY);
  assert.ok(typeof fd === 'number');
  t.after(() => assert.equal(attempt('close', fd), 0));
  // Addresses of a program that are not mapped do no harm here: /dev/null looks at none of them.
  const somewhere = 2n ** 32n;
  const most = 2 ** 31 - page;
  assert.equal(attempt('write', fd, somewhere, most), most);
  assert.equal(attempt('write', fd, somewhere, most + 1), most, 'MAX_RW_COUNT of include/linux/fs.h');
  finding({
    about: 'transfer limit',
    mechanism,
    subject: 'read, write',
    bytes: most,
    says: 'MAX_RW_COUNT; of more, so much and no error',
  });
});

/** openat2(2) of this folder with struct open_how: flags, mode, resolve, and what a newer version might add. */
const openFolder = (...how: bigint[]): number | string => {
  const AT_FDCWD = -100;
  const fd = attempt('openat2', AT_FDCWD, '.', BigUint64Array.from(how), how.length * 8);
  if (typeof fd === 'number') assert.equal(attempt('close', fd), 0);
  return typeof fd === 'number' ? 'opened' : fd;
};

test('a call whose structure comes with its size takes a newer one, as long as what is new is zero', () => {
  assert.equal(openFolder(0n, 0n, 0n), 'opened');
  assert.equal(openFolder(0n, 0n, 0n, 0n), 'opened', 'a field that this kernel does not know, not used');
  assert.equal(openFolder(0n, 0n, 0n, 1n), 'E2BIG', 'used');
  assert.equal(openFolder(0n, 0n), 'EINVAL', 'less than its first version');
  for (const [subject, result, says] of [
    ['one u64 more, zero (openat2)', 'works', 'the size tells the version'],
    ['one u64 more, not zero (openat2)', 'refused', 'E2BIG: the caller learns that the kernel is older'],
  ] as const)
    finding({ about: 'extensibility', mechanism, subject, outcome: result, says });
});

test('a flag that the kernel does not know is dropped by an old call, refused by one that checks', () => {
  // Bit 30 of the flags of open(2) has no meaning.
  const unknown = 1 << 30;
  const fd = attempt('open', '.', unknown);
  assert.ok(typeof fd === 'number', `open: ${fd}`);
  assert.equal(attempt('close', fd), 0);
  assert.equal(openFolder(BigInt(unknown), 0n, 0n), 'EINVAL');
  finding({
    about: 'extensibility',
    mechanism,
    subject: 'an unknown flag (open)',
    outcome: 'silently wrong',
    says: 'dropped without a word; openat2 answers EINVAL',
  });
});

test('a 32-bit program has an entry, numbers and structures of its own', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  assert.equal(await peer.attempt('getpid'), peer.pid);
  // struct timespec of two 32-bit words there, of two 64-bit words here: the kernel writes what each expects.
  const CLOCK_MONOTONIC = 1;
  const before = new BigInt64Array(2);
  const theirs = new Int32Array(4);
  assert.equal(attempt('clock_gettime', CLOCK_MONOTONIC, before), 0);
  assert.equal(await peer.attempt('clock_gettime', CLOCK_MONOTONIC, theirs), 0);
  const after = new BigInt64Array(2);
  assert.equal(attempt('clock_gettime', CLOCK_MONOTONIC, after), 0);
  const [seconds = 0, nanoseconds = 0, ...rest] = theirs;
  const nanosecondsOf = (time: BigInt64Array) => (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
  const told = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  assert.ok(nanosecondsOf(before) <= told && told <= nanosecondsOf(after));
  assert.deepEqual(rest, [0, 0], 'no more than its structure is written');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a call by name',
    outcome: 'works',
    says: 'int 0x80 has a table of its own, and the kernel translates structures that it knows',
  });
});

test('the same number is another call in a 32-bit program', async (t) => {
  const peer = await startPeer32();
  t.after(() => peer.stop());
  const getpid = 39;
  assert.equal(attempt(getpid), process.pid);
  assert.equal(await peer.attempt(getpid, 0, 0), 'EFAULT', 'mkdir, of no name');
  finding({
    about: 'portability',
    mechanism,
    subject: 'a call by number',
    outcome: 'breaks',
    says: '39 is getpid in one table and mkdir in the other',
  });
});
