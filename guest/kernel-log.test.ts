import test from 'ava';
import { parseRecord } from './kernel-log.ts';

test('a record is its number and its text', (t) => {
  t.deepEqual(parseRecord('6,339,5140900,-;NET: Registered PF_NETLINK; family 16\n'), {
    sequence: 339,
    text: 'NET: Registered PF_NETLINK; family 16',
  });
});

test('the dictionary and unknown fields of a record are passed over', (t) => {
  t.deepEqual(parseRecord('4,1,2,c,caller=T1;text\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n'), {
    sequence: 1,
    text: 'text',
  });
});
