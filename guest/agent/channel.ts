// The agent's end of the protocol port: one file descriptor for both directions, since the port opens only once.
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { native } from '../native.ts';
import { type GuestMessage, type HostMessage, portName } from '../protocol/messages.ts';
import { decodeLine, encodeLine } from '../protocol/ndjson.ts';
import { freshen } from './clone.ts';

export interface Channel {
  /**
   * Returns when the port took the message: what was sent before a crash has reached the host, and a host that is
   * slow to read slows the sender down instead of filling memory.
   */
  send(message: GuestMessage): void;
  /**
   * Waits for the host's next message; null when the host has gone. The whole thread sleeps: the agent has nothing else
   * to do until it is asked. Here guests are frozen, and a clone is told that it is one: guest/native/addon-clone.c.
   */
  receive(): HostMessage | null;
}

/** Opens the port named `ringcross`. Throws where the machine has none: then there is no host to serve. */
export const openChannel = (): Channel => {
  const fd = openSync(portDevice(), 'r+');
  return {
    send: (message) => writeAll(fd, Buffer.from(encodeLine(message))),
    receive: () => {
      const line = native().nextLine(fd);
      if (native().takeResumed()) freshen();
      if (line === null) return null;
      const decoded = decodeLine<HostMessage>(line);
      if (!decoded.ok)
        throw new Error(`the host sent what is no message: ${decoded.reason}: ${decoded.text}`);
      return decoded.message;
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
