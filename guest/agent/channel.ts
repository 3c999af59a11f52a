// The agent's end of the protocol port: one file descriptor for both directions, since the port opens only once.
import { openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { type GuestMessage, type HostMessage, portName } from '../protocol/messages.ts';
import { encodeLine, LineDecoder } from '../protocol/ndjson.ts';

export interface Channel {
  /**
   * Returns when the port took the message: what was sent before a crash has reached the host, and a host that is
   * slow to read slows the sender down instead of filling memory.
   */
  send(message: GuestMessage): void;
  /**
   * Waits for the host's next message; null when the host has gone. The whole thread sleeps in read(2): the agent has
   * nothing else to do until it is asked, and a clone that wakes there answers without an event loop.
   */
  receive(): HostMessage | null;
}

/** Bytes of one read: the host's messages are short. */
const readSize = 16 * 1024;

/** Opens the port named `ringcross`. Throws where the machine has none: then there is no host to serve. */
export const openChannel = (): Channel => {
  const fd = openSync(portDevice(), 'r+');
  const chunk = Buffer.allocUnsafeSlow(readSize);
  const decoder = new LineDecoder<HostMessage>();
  const waiting: HostMessage[] = [];
  return {
    send: (message) => writeAll(fd, Buffer.from(encodeLine(message))),
    receive: () => {
      while (waiting.length === 0) {
        const count = readSync(fd, chunk);
        if (count === 0) return null;
        for (const decoded of decoder.push(chunk.subarray(0, count))) {
          if (!decoded.ok)
            throw new Error(`the host sent what is no message: ${decoded.reason}: ${decoded.text}`);
          waiting.push(decoded.message);
        }
      }
      return waiting.shift() ?? null;
    },
  };
};

/** The kernel names ports by device and number; their own names stand in sysfs (drivers/char/virtio_console.c). */
const portDevice = (): string => {
  const ports = '/sys/class/virtio-ports';
  for (const port of readdirSync(ports))
    if (readFileSync(`${ports}/${port}/name`, 'utf8').trim() === portName) return `/dev/${port}`;
  throw new Error(`expected a virtio-serial port named ${portName}, but the machine has none`);
};

const writeAll = (fd: number, bytes: Buffer): void => {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
};
