// Names of errors as the kernel's headers have them, both ways.
import { constants } from 'node:os';

// Two names of one number: the one that man pages use comes last and stays.
const names = new Map<number, string>(
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP')
    .map(([name, number]) => [number, name]),
);

/** The name of a positive errno, such as `EAGAIN` for 11; `errno 524` for one that has none in user space. */
export const errnoName = (number: number): string => names.get(number) ?? `errno ${number}`;

/** An error of a system call, in the shape of Node's own: `errno` is negative. */
export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
}

/** `detail` is what the caller knows beyond the errno: what was asked for, or what the kernel printed. */
export const systemError = (errno: number, syscall: string, detail: string): SystemError => {
  const code = errnoName(errno);
  return Object.assign(new Error(`${code}: ${syscall}, ${detail}`), { code, errno: -errno, syscall });
};
