import test from 'ava';
import { buildIdOf } from './facts.ts';

const note = (name: string, type: number, description: Buffer): Buffer => {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(name.length, 0);
  header.writeUInt32LE(description.length, 4);
  header.writeUInt32LE(type, 8);
  const padded = (b: Buffer) => Buffer.concat([b, Buffer.alloc(((b.length + 3) & ~3) - b.length)]);
  return Buffer.concat([header, padded(Buffer.from(name, 'latin1')), padded(description)]);
};

test('the build id is found behind other notes', (t) => {
  const notes = Buffer.concat([
    note('Xen\0', 18, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])),
    note('Linux\0', 0x101, Buffer.from([1])),
    note('GNU\0', 3, Buffer.from('c0ffee00', 'hex')),
  ]);
  t.is(buildIdOf(notes), 'c0ffee00');
});

test('no build id, or notes cut short, is null', (t) => {
  t.is(buildIdOf(note('Linux\0', 0x101, Buffer.from([1]))), null);
  t.is(buildIdOf(Buffer.from([4, 0, 0])), null);
});
