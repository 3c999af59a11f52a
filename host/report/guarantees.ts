// What may be relied on, a line for each mechanism and way, and what it costs where the mechanism gives none. Pure.
import type { Finding } from '../../guest/protocol/messages.ts';
import { findingsAbout, type Group } from './groups.ts';
import { notMeasured, type Table } from './table.ts';
import { costOfAcknowledging, costOfClosedLoop, isClosedLoop } from './windows.ts';

type Guarantee = Extract<Finding, { about: 'guarantee' }>;

export const guaranteeTable = (group: Pick<Group, 'findings' | 'accounts' | 'unit'>): Table => ({
  header: [
    'mechanism',
    'direction, way',
    'loses',
    'condition',
    'what was seen',
    `cost of making it reliable${group.unit === null ? '' : ` (${group.unit} a message)`}`,
  ],
  textColumns: 6,
  rows: findingsAbout(group, 'guarantee').map((one) => [
    one.mechanism,
    one.subject,
    one.loses,
    one.condition,
    one.says,
    costOf(one, group),
  ]),
});

const costOf = ({ loses, mechanism, subject }: Guarantee, { accounts }: Pick<Group, 'accounts'>): string => {
  const [direction, way = ''] = subject.split(' ');
  const own = accounts.filter((one) => one.mechanism === mechanism && one.direction === direction);
  // A way that acknowledges loses nothing because it does.
  if (isClosedLoop(own, way)) return costOfClosedLoop(own, way) || notMeasured;
  if (loses === 'never') return 'none needed';
  // One receiver acknowledges: its price says nothing of many.
  return (!subject.includes('multicast') && costOfAcknowledging(own)) || notMeasured;
};

/** What the words of the table mean. */
export const guaranteeNotes: readonly string[] = [
  'Loses: `never` where a sender is held back or told before anything is lost, and what was taken arrives; `when full` where what does not fit is gone; `unless acknowledged` where only an answer says that it arrived.',
  'Condition: of `never`, what has to hold for it; of `when full`, what makes it so.',
  'The cost is that of acknowledgements on top of the mechanism, one for each message or one for a window of them, against the same messages without (raw). `none needed` is a way that loses nothing without acknowledgements; an em dash is what was not measured.',
];
