// What tests established about loss, death and the edges of a message: a table of each. Pure.
import { findingsAbout, type Group } from './groups.ts';
import { figure, type Table } from './table.ts';

type Findings = Pick<Group, 'findings'>;

export const lossNoticeTable = (group: Findings): Table => ({
  header: ['mechanism', 'direction', 'way of sending', 'the sender is told', 'the receiver is told', seen],
  textColumns: 6,
  rows: findingsAbout(group, 'loss notice').map((one) => [
    one.mechanism,
    one.direction,
    one.subject,
    one.sender,
    one.receiver,
    one.says,
  ]),
});

export const recoveryTable = (group: Findings): Table => ({
  header: ['mechanism', 'after what', 'ends with the true state', seen],
  textColumns: 4,
  rows: findingsAbout(group, 'recovery').map(({ mechanism, subject, works, says }) => [
    mechanism,
    subject,
    works ? 'yes' : 'no',
    says,
  ]),
});

export const deathTable = (group: Findings): Table => ({
  header: ['mechanism', 'direction', 'who dies', 'while', 'the survivor is told', seen],
  textColumns: 6,
  rows: findingsAbout(group, 'death').map((one) => [
    one.mechanism,
    one.direction,
    one.of,
    one.subject,
    one.survivor,
    one.says,
  ]),
});

export const boundaryTable = (group: Findings): Table => ({
  header: ['mechanism', 'direction', 'call', 'size', 'bytes', 'result', seen],
  textColumns: 7,
  rows: findingsAbout(group, 'boundary').map((one) => [
    one.mechanism,
    one.direction,
    one.subject,
    one.size,
    figure(one.bytes),
    one.result,
    one.says,
  ]),
});

const seen = 'what was seen';

/** What the words of the tables mean. */
export const findingNotes = {
  lossNotice: ['Told: the error that a call of that side returns, by which it learns of the loss.'],
  recovery: [
    'Ends with the true state: whether what the receiver holds in the end is what the sender has. Of netlink and genetlink that is a table, of which events tell changes and a dump the whole.',
  ],
  death: [
    'A module dies by being unloaded; `refused` is the error to whoever unloads it, because it is in use.',
  ],
  boundary: ['One more is the largest message and a byte. The result is `taken`, or what came instead.'],
} as const satisfies Record<string, readonly string[]>;
