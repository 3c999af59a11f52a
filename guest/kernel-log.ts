// The kernel's log, read where it is written: /dev/kmsg gives one record a read.
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** Larger than any record (PRINTKRB_RECORD_MAX): a smaller buffer would get EINVAL. */
const recordBytes = 8192;

/**
 * What the kernel printed, oldest first, without priority and time: after the record with sequence number `after`, or
 * all that the kernel still holds. Format: Documentation/ABI/testing/dev-kmsg.
 */
export const kernelLog = (after = -1): string[] =>
  kernelRecords()
    .filter(({ sequence }) => sequence > after)
    .map(({ text }) => text);

/** Sequence number of the newest record: what comes after it is new. -1 for an empty log. */
export const kernelLogEnd = (): number => kernelRecords().at(-1)?.sequence ?? -1;

/** One record of the kernel's log. */
interface LogRecord {
  sequence: number;
  text: string;
}

const kernelRecords = (): LogRecord[] => {
  const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(recordBytes);
  const records: LogRecord[] = [];
  try {
    for (;;) {
      const bytes = readRecord(fd, buffer);
      if (bytes === 'end') return records;
      if (bytes === 'overwritten') continue;
      records.push(parseRecord(buffer.toString('utf8', 0, bytes)));
    }
  } finally {
    closeSync(fd);
  }
};

const readRecord = (fd: number, buffer: Buffer): number | 'end' | 'overwritten' => {
  try {
    return readSync(fd, buffer);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EAGAIN') return 'end';
    // The record was overwritten before it was read; the next read goes on at the oldest one left.
    if (code === 'EPIPE') return 'overwritten';
    throw error;
  }
};

/** "6,339,5140900,-;NET: Registered protocol family 10", then lines of a dictionary, each after a space. */
export const parseRecord = (record: string): LogRecord => {
  const semicolon = record.indexOf(';');
  const [, sequence = ''] = record.slice(0, semicolon).split(',');
  const [text = ''] = record.slice(semicolon + 1).split('\n');
  return { sequence: Number(sequence), text };
};
