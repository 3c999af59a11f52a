// The shape of results.json. The JSON Schema in docs/results.schema.json is made from it and published.
import { z } from 'zod';
import type { AccountReport, Finding } from '../../guest/protocol/messages.ts';
import { lenses } from '../../vm/lens.ts';

/** Changes with any change that a reader of version 1 could trip over. */
export const schemaVersion = 1;

const ticks = z.number().min(0);
const count = z.int().min(0);
const way = z.enum(['u2k', 'k2u', 'u2u']);

/** A column's distribution, in the unit of its case. Percentiles are samples that occurred (nearest rank). */
const distributionSchema = z.strictObject({
  n: z.int().min(1),
  min: ticks,
  p50: ticks,
  p90: ticks,
  p99: ticks,
  p999: ticks,
  max: ticks,
  mean: ticks,
});

const streamSchema = z.strictObject({
  messages: z.int().min(1),
  /** Of one window around all of them. */
  ticks,
  /** Ticks a message, to a tenth. */
  mean: ticks,
});

const caseSchema = z.strictObject({
  mechanism: z.string(),
  direction: way,
  variant: z.string(),
  bytes: z.int().min(0),
  sent: z.int().min(0),
  received: z.int().min(0),
  lost: z.int().min(0),
  unit: z.enum(['cycles', 'instructions']).nullable(),
  /** Median of the empty window in user space; already subtracted. */
  overhead: ticks.nullable(),
  /** The same in the kernel, where a module stamped one side. */
  kernelOverhead: ticks.nullable(),
  /** Page faults while messages went. */
  faults: z.int().min(0),
  send: distributionSchema.nullable(),
  receive: distributionSchema.nullable(),
  transit: distributionSchema.nullable(),
  /** Of a case that is a stream: as many messages as go, one after the other, with one window around all of them. */
  stream: streamSchema.nullable().default(null),
  throughput: z.strictObject({
    /** Bytes over the median of transit, or of send where a case has no transit; over the mean of a stream. */
    bytesPerTick: z.number().nullable(),
    bytesPerSecond: z.number().nullable(),
  }),
});

/** What became of the messages of one experiment on reliability; see `AccountReport` of guest/protocol/messages.ts. */
export const accountSchema = z.strictObject({
  mechanism: z.string(),
  direction: way,
  variant: z.string(),
  bytes: count,
  buffer: z
    .strictObject({ size: count, unit: z.enum(['bytes', 'messages']), capacity: count.nullable() })
    .nullable(),
  load: z.strictObject({ periodNs: count, serviceNs: count }).nullable(),
  window: z.int().min(1).nullable(),
  offered: count,
  received: count,
  duplicated: count,
  corrupted: count,
  reordered: count,
  repeated: count,
  recognised: count,
  losses: z.array(
    z.strictObject({
      first: count,
      count: z.int().min(1),
      learned: z.enum(['sender', 'receiver', 'nobody']),
      error: z.string().nullable(),
    }),
  ),
  notices: z.array(
    z.strictObject({
      who: z.enum(['sender', 'receiver']),
      error: z.string(),
      count: z.int().min(1),
      ticks: ticks.nullable(),
    }),
  ),
  ticks: ticks.nullable(),
}) satisfies z.ZodType<AccountReport>;

const said = { mechanism: z.string(), subject: z.string(), says: z.string() };

/** What a test that passed has established; see `Finding` of guest/protocol/messages.ts. */
export const findingSchema = z.discriminatedUnion('about', [
  z.strictObject({ about: z.literal('signalling'), ...said, works: z.boolean() }),
  z.strictObject({ about: z.literal('transfer limit'), ...said, bytes: z.int().min(0).nullable() }),
  z.strictObject({
    about: z.literal('extensibility'),
    ...said,
    outcome: z.enum(['works', 'refused', 'silently wrong']),
  }),
  z.strictObject({
    about: z.literal('validation'),
    ...said,
    outcome: z.enum(['refused', 'passed over']),
  }),
  z.strictObject({ about: z.literal('portability'), ...said, outcome: z.enum(['works', 'breaks']) }),
  z.strictObject({
    about: z.literal('synchrony'),
    ...said,
    direction: z.enum(['u2k', 'k2u']),
    returns: z.enum(['before', 'after']),
  }),
  z.strictObject({
    about: z.literal('not possible'),
    ...said,
    direction: way,
    holds: z.boolean(),
  }),
  z.strictObject({
    about: z.literal('boundary'),
    ...said,
    direction: way,
    size: z.enum(['empty', 'largest', 'one more']),
    bytes: count,
    result: z.string(),
  }),
  z.strictObject({
    about: z.literal('death'),
    ...said,
    direction: way,
    of: z.enum(['reader', 'writer', 'module']),
    survivor: z.string(),
  }),
  z.strictObject({
    about: z.literal('loss notice'),
    ...said,
    direction: way,
    sender: z.string(),
    receiver: z.string(),
  }),
  z.strictObject({ about: z.literal('recovery'), ...said, works: z.boolean() }),
  z.strictObject({
    about: z.literal('guarantee'),
    ...said,
    loses: z.enum(['never', 'when full', 'unless acknowledged']),
    condition: z.string(),
  }),
]) satisfies z.ZodType<Finding>;

const errorSchema = z.strictObject({
  name: z.string(),
  message: z.string(),
  code: z.string().optional(),
  stack: z.string().optional(),
  get cause() {
    return errorSchema.optional();
  },
});

const testSchema = z.strictObject({
  title: z.string(),
  outcome: z.enum(['passed', 'failed', 'skipped', 'crashed', 'hung']),
  ms: z.number().min(0),
  /** Why it was skipped. */
  reason: z.string().optional(),
  error: errorSchema.optional(),
  /** What it printed. */
  output: z.string().optional(),
});

export const cellOutcomes = [
  'passed',
  'failed',
  'skipped',
  'load-failed',
  'crashed',
  'panicked',
  'oopsed',
  'hung',
  'boot-failed',
  'infrastructure',
] as const;

const cellSchema = z.strictObject({
  kernel: z.string(),
  release: z.string().nullable(),
  lens: z.enum(lenses),
  spec: z.string(),
  outcome: z.enum(cellOutcomes),
  /** One sentence where the outcome is not `passed`. */
  reason: z.string().optional(),
  /** The lines that explain the outcome: of the console, of the kernel's log, of a compiler. */
  log: z.array(z.string()).optional(),
  /** How its guest came to be, and why it is no clone where one was wanted; null where it had none. */
  start: z
    .strictObject({ kind: z.enum(['clone', 'boot']), reason: z.string().optional() })
    .nullable()
    .default(null),
  /** From spawn to the agent's hello, of a clone to its first word, milliseconds. */
  bootMs: z.number().nullable(),
  /** The whole cell, milliseconds. */
  ms: z.number(),
  tests: z.array(testSchema),
  cases: z.array(caseSchema),
  /** What tests that passed have established beside figures. */
  findings: z.array(findingSchema).default([]),
  /** What became of the messages of its experiments on reliability. */
  accounts: z.array(accountSchema).default([]),
});

export const resultsSchema = z.strictObject({
  schema: z.literal(schemaVersion),
  run: z.string(),
  cells: z.array(cellSchema),
});

export type CellOutcome = (typeof cellOutcomes)[number];
export type Distribution = z.infer<typeof distributionSchema>;
export type CaseResult = z.infer<typeof caseSchema>;
export type AccountResult = z.infer<typeof accountSchema>;
export type TestResult = z.infer<typeof testSchema>;
export type CellResult = z.infer<typeof cellSchema>;
export type Results = z.infer<typeof resultsSchema>;

/** The published JSON Schema (draft 2020-12), of what is read: fields that older runs lack are not required. */
export const resultsJsonSchema = (): object => ({
  title: 'ringcross results',
  ...z.toJSONSchema(resultsSchema, { target: 'draft-2020-12', io: 'input' }),
});
