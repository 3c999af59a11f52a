// The border itself: the `syscall` instruction, the 32-bit entry `int 0x80`, and the copy of a payload each way.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { attempt, int80, measure, type Needs, outcome, sizes, syscall } from 'ringcross/guest';

export const needs = { config: ['CONFIG_IA32_EMULATION'] } satisfies Needs;

// A call that does nothing but enter, look up one number and return; by both entries.
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'getppid', sizes: [0] });
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'getppid-int80', sizes: [0] });

// The plainest copy there is, to and from a page of a file in memory.
measure({ mechanism: 'syscall', direction: 'u2k', variant: 'pwrite-memfd', sizes });
measure({ mechanism: 'syscall', direction: 'k2u', variant: 'pread-memfd', sizes });

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

const nowhere = {
  'a null pointer': 0n,
  'a kernel address': 0xffff_ffff_8100_0000n,
  'an address that is not canonical': 0x8000_0000_0000_0000n,
};

for (const [what, address] of Object.entries(nowhere)) {
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
