// The workflow files, by GitHub's own checker and bash's: a mistake in one is else found by a push.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { parse } from 'yaml';
import { ownRoot } from '../host/project.ts';
import { checkWorkflow } from './workflow-checker.ts';

const folder = join(ownRoot, '.github/workflows');
const names = (await readdir(folder)).sort();
const files = new Map(
  await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
);

const workflow = (name: string): string => {
  const text = files.get(name);
  if (text === undefined) throw new Error(`no workflow ${name}`);
  return text;
};

interface Step {
  uses?: string;
  run?: string;
}

const jobsOf = (text: string) =>
  Object.values((parse(text) as { jobs: Record<string, { steps?: Step[] }> }).jobs);

const stepsOf = (text: string): Step[] => jobsOf(text).flatMap(({ steps = [] }) => steps);

const scriptsOf = (text: string): string[] =>
  stepsOf(text).flatMap(({ run }) => (run === undefined ? [] : [run]));

/** What bash says of a script that it only reads; empty where it can be run. */
const checkScript = async (script: string): Promise<string> =>
  (await execa('bash', ['-n'], { input: script, reject: false })).stderr;

test('every workflow is one that GitHub takes', async (t) => {
  t.deepEqual(names, ['ci.yml', 'matrix.yml']);
  for (const [name, text] of files) t.deepEqual(await checkWorkflow(text), [], name);
});

test('a planted mistake is found', async (t) => {
  const planted: readonly [file: string, from: string, to: string, found: RegExp][] = [
    ['matrix.yml', 'fail-fast:', 'fail-fats:', /fail-fats/],
    ['matrix.yml', 'needs: kernels\n', 'needs: kernel\n', /unknown job 'kernel'/],
    ['matrix.yml', 'needs.kernels.outputs.shards', 'needs.kernels.outputs.shard', /: shard$/],
    ['matrix.yml', 'steps.keys.outputs.digest', 'steps.key.outputs.digest', /: key$/],
    ['matrix.yml', 'inputs.debian-mirror', 'inputs.mirror', /: mirror$/],
    ['matrix.yml', 'matrix.shard }} of', 'matrix.shards }} of', /: shards$/],
    ['matrix.yml', 'fromJSON(', 'fromYAML(', /fromYAML/],
    ['matrix.yml', 'contents: read', 'contents: all', /all/],
    ['ci.yml', 'shards: 4', 'machines: 4', /machines is not defined/],
    ['ci.yml', 'runs-on:', 'runs-om:', /runs-om/],
  ];
  for (const [file, from, to, found] of planted) {
    const text = workflow(file);
    t.true(text.includes(from), `${file}: ${from}`);
    const told = await checkWorkflow(text.replace(from, to));
    t.true(
      told.some((line) => found.test(line)),
      `${file}: ${to}: ${told.join('; ')}`,
    );
  }
});

test('every script is one that bash takes, and has nothing of GitHub’s expressions put into it', async (t) => {
  for (const [name, text] of files)
    for (const script of scriptsOf(text)) {
      t.is(await checkScript(script), '', `${name}: ${script}`);
      // What is put in could end the command: it comes by the environment.
      t.notRegex(script, /\$\{\{/, name);
    }
  t.true(scriptsOf(workflow('matrix.yml')).length > 0);
  t.regex(await checkScript('keys=$(npx ringcross kernel key'), /unexpected/);
});

test('every action of others is pinned by its commit, with the version beside it; nothing may be written', (t) => {
  for (const [name, text] of files) {
    for (const { uses } of stepsOf(text)) {
      if (uses === undefined) continue;
      t.regex(uses, /^[\w.-]+\/[\w./-]+@[\da-f]{40}$/, name);
      t.regex(text, new RegExp(`uses: ${uses} # v\\d+\\.\\d+\\.\\d+$`, 'm'), name);
    }
    t.deepEqual((parse(text) as { permissions: object }).permissions, { contents: 'read' }, name);
    t.notRegex(text, /^ {4,}permissions:/m, name);
  }
});

test('the examples of docs/ci.md are what GitHub takes, with inputs that there are, and what GitLab reads', async (t) => {
  const page = await readFile(join(ownRoot, 'docs/ci.md'), 'utf8');
  const [caller = '', pipeline = '', ...others] = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, text = '']) => text,
  );
  t.deepEqual(others, []);
  t.deepEqual(await checkWorkflow(caller), []);
  t.notDeepEqual(await checkWorkflow(caller.replace('shards: 4', 'machines: 4')), []);
  const {
    stages,
    default: every,
    variables,
    ...jobs
  } = parse(pipeline) as {
    stages: string[];
    default: { before_script: string[] };
    variables: object;
  } & Record<string, { stage: string; script: string[] }>;
  t.deepEqual(variables, { XDG_CACHE_HOME: '$CI_PROJECT_DIR/.cache' });
  t.deepEqual(
    Object.values(jobs).map(({ stage }) => stage),
    stages,
  );
  for (const script of [every.before_script, ...Object.values(jobs).map((job) => job.script)])
    t.is(await checkScript(script.join('\n')), '');
  // Each input that the page tells is one, and it tells each.
  const { inputs } = (parse(workflow('matrix.yml')) as { on: { workflow_call: { inputs: object } } }).on
    .workflow_call;
  const told = [...(page.split('| input')[1]?.split('\n\n')[0] ?? '').matchAll(/^\| (`[^|]*`) /gm)].flatMap(
    ([, cell = '']) => cell.split(', ').map((name) => name.replaceAll('`', '').trim()),
  );
  t.deepEqual(told.sort(), Object.keys(inputs).sort());
});
