// Netlink messages and attributes as bytes, after include/uapi/linux/netlink.h. Pure.
import { errnoName } from './errno.ts';

const alignment = 4;
const headerBytes = 16;
const attributeHeaderBytes = 4;

/** Flags of a message: nlmsg_flags. */
export const messageFlags = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  /** Of a dump's message: what is listed has changed since the message before. */
  dumpInterrupted: 0x10,
  dump: 0x300,
  /** Of an answer: the request is not repeated in it. */
  capped: 0x100,
  /** Of an answer: attributes follow what is repeated of the request. */
  ackAttributes: 0x200,
} as const;

/** Types of messages that belong to netlink itself: nlmsg_type. */
export const messageTypes = { error: 2, done: 3 } as const;

/** Set in an attribute's type where it holds attributes. */
export const nestedAttribute = 0x8000;

export interface NetlinkMessage {
  type: number;
  flags: number;
  seq: number;
  port: number;
  payload: Buffer;
}

export interface NetlinkAttribute {
  /** Without the bit that says that it is nested. */
  type: number;
  value: Buffer;
}

/** A message of type NLMSG_ERROR. */
export interface NetlinkAnswer {
  /** The name of the error; 0 for an acknowledgement. */
  error: string | 0;
  /** seq of the request. */
  seq: number;
  /** NLMSGERR_ATTR_*: what an extended answer adds. */
  attributes: NetlinkAttribute[];
}

/** One message with its header; padded, so that another may follow. `seq` and `port` are 0 unless given. */
export const encodeMessage = (
  message: Pick<NetlinkMessage, 'type' | 'flags' | 'payload'> & Partial<NetlinkMessage>,
): Buffer => {
  const { type, flags, seq = 0, port = 0, payload } = message;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(headerBytes + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(seq, 8);
  header.writeUInt32LE(port, 12);
  return padded(Buffer.concat([header, payload]));
};

/** Attributes one after the other, each padded. A bigint is a value of 64 bits, a string ends with a NUL. */
export const encodeAttributes = (...attributes: [type: number, value: Buffer | bigint | string][]): Buffer =>
  Buffer.concat(
    attributes.map(([type, value]) => {
      const bytes = bytesOf(value);
      const header = Buffer.alloc(attributeHeaderBytes);
      header.writeUInt16LE(attributeHeaderBytes + bytes.length, 0);
      header.writeUInt16LE(type, 2);
      return padded(Buffer.concat([header, bytes]));
    }),
  );

/**
 * The messages of one datagram.
 * @throws {RangeError} when a length is not that of a message, or the datagram ends inside of one.
 */
export const decodeMessages = (datagram: Buffer): NetlinkMessage[] =>
  split(datagram, headerBytes, (rest) => rest.readUInt32LE(0)).map((message) => ({
    type: message.readUInt16LE(4),
    flags: message.readUInt16LE(6),
    seq: message.readUInt32LE(8),
    port: message.readUInt32LE(12),
    payload: message.subarray(headerBytes),
  }));

/**
 * The attributes that fill `bytes`.
 * @throws {RangeError} when a length is not that of an attribute, or the bytes end inside of one.
 */
export const decodeAttributes = (bytes: Buffer): NetlinkAttribute[] =>
  split(bytes, attributeHeaderBytes, (rest) => rest.readUInt16LE(0)).map((attribute) => ({
    type: attribute.readUInt16LE(2) & ~nestedAttribute,
    value: attribute.subarray(attributeHeaderBytes),
  }));

/**
 * What an NLMSG_ERROR says.
 * @throws {TypeError} for any other message.
 */
export const decodeAnswer = ({ type, flags, payload }: NetlinkMessage): NetlinkAnswer => {
  if (type !== messageTypes.error) throw new TypeError(`a message of type ${type} is no answer`);
  const error = payload.readInt32LE(0);
  const request = payload.subarray(4);
  const repeated = flags & messageFlags.capped ? headerBytes : align(request.readUInt32LE(0));
  return {
    error: error === 0 ? 0 : errnoName(-error),
    seq: request.readUInt32LE(8),
    attributes: flags & messageFlags.ackAttributes ? decodeAttributes(request.subarray(repeated)) : [],
  };
};

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(align(bytes.length) - bytes.length)]);

const bytesOf = (value: Buffer | bigint | string): Buffer => {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  return typeof value === 'bigint' ? Buffer.from(BigUint64Array.of(value).buffer) : value;
};

/** Cuts what is a row of things that each begin with their own length, padding not counted. */
const split = (bytes: Buffer, least: number, lengthOf: (rest: Buffer) => number): Buffer[] => {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const length = rest.length < least ? rest.length : lengthOf(rest);
    if (length < least || length > rest.length)
      throw new RangeError(`a length of ${length} at byte ${at}: want ${least} to ${rest.length}`);
    parts.push(rest.subarray(0, length));
    at += align(length);
  }
  return parts;
};
