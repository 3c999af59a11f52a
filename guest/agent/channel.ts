// The agent's end of the protocol port: one file descriptor for both directions, since the port opens only once.
import { createReadStream, createWriteStream, openSync, readdirSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type GuestMessage, type HostMessage, portName } from '../protocol/messages.ts';
import { encodeLine, LineDecoder } from '../protocol/ndjson.ts';

export interface Channel {
  /** Resolves when the port took the message; awaiting it is how a sender honours back-pressure. */
  send(message: GuestMessage): Promise<void>;
  /** The host's messages; ends when the host has gone. */
  messages(): AsyncGenerator<HostMessage>;
}

/** Opens the port named `ringcross`. Throws where the machine has none: then there is no host to serve. */
export const openChannel = (): Channel => {
  const fd = openSync(portDevice(), 'r+');
  const output = createWriteStream('', { fd, autoClose: false });
  return {
    send: (message) => write(output, encodeLine(message)),
    messages: async function* () {
      const decoder = new LineDecoder<HostMessage>();
      for await (const chunk of createReadStream('', { fd, autoClose: false }))
        for (const decoded of decoder.push(chunk as Buffer)) {
          if (!decoded.ok)
            throw new Error(`the host sent what is no message: ${decoded.reason}: ${decoded.text}`);
          yield decoded.message;
        }
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

const write = (output: Writable, line: string): Promise<void> => {
  const written = Promise.withResolvers<void>();
  output.write(line, (error) => (error ? written.reject(error) : written.resolve()));
  return written.promise;
};
