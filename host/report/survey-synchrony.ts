// Tables 2 and 3 of the survey, synchronous and asynchronous primitives: what it claims beside what was seen.
import type { Finding } from '../../guest/protocol/messages.ts';
import { findingsAbout, type Group } from './groups.ts';
import { notMeasured, type Table } from './table.ts';

type Synchrony = Extract<Finding, { about: 'synchrony' }>;

interface Claim {
  direction: Synchrony['direction'];
  /** As the survey has it. */
  call: string;
  claim: 'synchronous' | 'asynchronous';
  /** The calls it speaks of, as findings name them, and whether they were told not to wait. */
  calls: readonly string[];
  nonBlocking: boolean;
}

const sends = ['send', 'sendto', 'sendmsg'];

const claims: readonly Claim[] = [
  {
    direction: 'k2u',
    call: 'vfs_write()',
    claim: 'synchronous',
    // What a module may call; it is vfs_write() of a kernel buffer.
    calls: ['vfs_write', 'kernel_write'],
    nonBlocking: false,
  },
  {
    direction: 'k2u',
    call: 'nlmsg_unicast()',
    claim: 'asynchronous',
    calls: ['nlmsg_unicast'],
    nonBlocking: false,
  },
  { direction: 'u2k', call: 'ioctl', claim: 'synchronous', calls: ['ioctl'], nonBlocking: false },
  { direction: 'u2k', call: 'write', claim: 'synchronous', calls: ['write'], nonBlocking: false },
  { direction: 'u2k', call: 'write, O_NONBLOCK', claim: 'asynchronous', calls: ['write'], nonBlocking: true },
  { direction: 'u2k', call: 'send, O_NONBLOCK', claim: 'asynchronous', calls: sends, nonBlocking: true },
];

/** Table 2, from the kernel, or Table 3, from user space: the survey's claims in its order, then what it leaves out. */
export const synchronyTable = (direction: Synchrony['direction'], group: Pick<Group, 'findings'>): Table => {
  const findings = findingsAbout(group, 'synchrony').filter((one) => one.direction === direction);
  const own = claims.filter((claim) => claim.direction === direction);
  return {
    header: ['sending call', 'mechanism', 'survey', 'measured', 'what was seen'],
    textColumns: 5,
    rows: [
      ...own.flatMap((claim) => {
        const seen = findings.filter((one) => speaksOf(claim, one));
        return seen.length > 0
          ? seen.map((one) => row(one, claim.claim))
          : [[claim.call, notMeasured, claim.claim, notMeasured, notMeasured]];
      }),
      ...findings
        .filter((one) => !own.some((claim) => speaksOf(claim, one)))
        .map((one) => row(one, 'does not say')),
    ],
  };
};

const speaksOf = ({ calls, nonBlocking }: Claim, { subject }: Synchrony): boolean =>
  calls.includes(/^\w+/.exec(subject)?.[0] ?? '') && /NONBLOCK|DONTWAIT/.test(subject) === nonBlocking;

const row = ({ subject, mechanism, returns, says }: Synchrony, claim: string): string[] => [
  subject,
  mechanism,
  claim,
  returns === 'after' ? 'synchronous' : 'asynchronous',
  says,
];

/** What the words of both tables mean. */
export const synchronyNotes: readonly string[] = [
  'The survey claims, and shows no measurement. Measured: a call is synchronous where it returns after the receiver has the message, asynchronous where it returns before. A receiver that holds back, has no room, or has not come yet, shows which.',
];
