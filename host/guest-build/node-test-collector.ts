// Stands in for node:test while a spec is read: notes titles, runs suites' bodies (they declare), runs no test.

type Body = (...args: unknown[]) => unknown;

/** Joined with their suites' titles by ` › `, as results name tests. */
export const titles: string[] = [];
/** Those of them that get a kernel of their own. */
export const isolated: string[] = [];
const open: string[] = [];

const isIsolated = (argument: unknown): boolean =>
  typeof argument === 'object' && argument !== null && 'isolated' in argument && argument.isolated === true;

const parse = (args: unknown[]): { title: string; body: Body | undefined } => ({
  title:
    typeof args[0] === 'string' ? args[0] : ((args.find((a) => typeof a === 'function') as Body)?.name ?? ''),
  body: args.find((argument): argument is Body => typeof argument === 'function'),
});

const variants = <T extends Body>(declare: T) =>
  Object.assign(declare, { skip: declare, todo: declare, only: declare, expectFailure: declare });

export const test = variants((...args: unknown[]) => {
  const title = [...open, parse(args).title].join(' › ');
  titles.push(title);
  if (args.some(isIsolated)) isolated.push(title);
});

export const suite = variants((...args: unknown[]) => {
  const { title, body } = parse(args);
  if (args.some(isIsolated)) throw new Error(`a test can be isolated, but "${title}" is a suite`);
  open.push(title);
  body?.({});
  open.pop();
});

const ignored = () => {};
export const it = test;
export const describe = suite;
export const before = ignored;
export const after = ignored;
export const beforeEach = ignored;
export const afterEach = ignored;
export const mock = {};
export default Object.assign(test, { test, it, suite, describe, before, after, beforeEach, afterEach, mock });
