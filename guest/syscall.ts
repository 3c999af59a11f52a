// Raw system calls for tests of behaviour: no libc and no libuv between the test and the kernel.
import { errnoName } from './errno.ts';
import { type CallArgument, native, type ProbeResult } from './native.ts';
import { type SyscallName, syscallNumbers } from './syscall-numbers.ts';

const numberOf = (call: SyscallName | number): number => {
  if (typeof call === 'number') return call;
  const number: number | undefined = syscallNumbers[call];
  if (number === undefined) throw new TypeError(`no system call "${call}" on x86-64`);
  return number;
};

const checked = (args: CallArgument[]): CallArgument[] => {
  if (args.length > 6) throw new RangeError(`a system call takes at most 6 arguments, not ${args.length}`);
  for (const argument of args) {
    const type = typeof argument;
    if (type === 'number' && !Number.isSafeInteger(argument))
      throw new RangeError(`${argument} is not a whole number that a double holds: pass a bigint`);
    if (type !== 'number' && type !== 'bigint' && type !== 'string' && !ArrayBuffer.isView(argument))
      throw new TypeError(`a system call's argument is a number, bigint, view or string, not ${type}`);
  }
  return args;
};

/** The kernel's own result of a call, by name or number: a negative errno is a value here. */
export const syscall = (call: SyscallName | number, ...args: CallArgument[]): bigint =>
  native().syscall(numberOf(call), checked(args));

/** As `syscall`, on a thread of its own: for calls that block. */
export const syscallAsync = (call: SyscallName | number, ...args: CallArgument[]): Promise<bigint> =>
  native().syscallAsync(numberOf(call), checked(args));

/**
 * A call through the 32-bit entry: i386 numbers, at most five arguments of 32 bits, addresses below 4 GiB.
 * @throws ENOSYS when the kernel has no such entry.
 */
export const int80 = (number: number, ...args: (number | bigint)[]): bigint =>
  native().int80(number, checked(args));

/** A result as an assertion reads it: the number, or the name of the error. */
export const outcome = (result: bigint): number | string =>
  result < 0n && result >= -4095n ? errnoName(Number(-result)) : Number(result);

/** `outcome(syscall(...))`: the result of a call, or the name of its error. */
export const attempt = (call: SyscallName | number, ...args: CallArgument[]): number | string =>
  outcome(syscall(call, ...args));

/** `attempt` on a thread of its own. */
export const attemptAsync = async (
  call: SyscallName | number,
  ...args: CallArgument[]
): Promise<number | string> => outcome(await syscallAsync(call, ...args));

/** A single question that a mechanism's native file answers; guest/native/<mechanism>.c lists them. */
export const probe = (mechanism: string, name: string, ...args: CallArgument[]): ProbeResult =>
  native().probe(mechanism, name, checked(args));

/** Pointers that a call must refuse with EFAULT, by what they are. */
export const nowhere = { 'a null pointer': 0n, 'a kernel address': 0xffff_ffff_8100_0000n } as const;
