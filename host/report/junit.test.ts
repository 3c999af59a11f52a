// What is written is parsed by libxml2 and checked against a schema: nothing is compared with text.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { XmlDocument, type XmlNode, XmlValidateError, XsdValidator } from 'libxml2-wasm';
import type { CellResult, Results } from '../run/results.ts';
import { junitReport } from './junit.ts';
import type { SourcePlaces } from './source-places.ts';
import { readRun } from './write.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const mixed = await readRun(join(fixtures, 'mixed-run'));
const xsd = await readFile(join(fixtures, 'junit.xsd'), 'utf8');
const places = { project: 'drivers/tests', specs: 'specs' };

/** The document, after it has been found to be well-formed and as the schema says. */
const parsed = (t: ExecutionContext, results: Results, where: SourcePlaces = places): XmlDocument => {
  const document = XmlDocument.fromString(junitReport(results, where));
  t.teardown(() => document.dispose());
  validate(document);
  return document;
};

const validate = (document: XmlDocument): void => {
  using schema = XmlDocument.fromString(xsd);
  using validator = XsdValidator.fromDoc(schema);
  validator.validate(document);
};

const contents = (nodes: readonly XmlNode[]): string[] => nodes.map(({ content }) => content);

const changed = (spec: string, changes: Partial<CellResult>): Results => ({
  ...mixed.results,
  cells: mixed.results.cells.filter((cell) => cell.spec === spec).map((cell) => ({ ...cell, ...changes })),
});

test('there is a suite for each cell, in order, and a case for each test', (t) => {
  const document = parsed(t, mixed.results);
  const { cells } = mixed.results;
  t.deepEqual(
    contents(document.find('/testsuites/testsuite/@name')),
    cells.map(({ kernel, lens, spec }) => `${kernel}-${lens}-${spec}`),
  );
  for (const [index, { tests }] of cells.entries()) {
    const names = contents(document.find(`/testsuites/testsuite[${index + 1}]/testcase/@name`));
    t.deepEqual(
      names.filter((name) => name !== 'the spec as a whole'),
      tests.map(({ title }) => title),
    );
  }
});

test('what is counted is what is there', (t) => {
  const document = parsed(t, mixed.results);
  for (const element of [
    '/testsuites',
    ...mixed.results.cells.map((_, index) => `/testsuites/testsuite[${index + 1}]`),
  ])
    for (const [attribute, path] of [
      ['tests', '//testcase'],
      ['failures', '//testcase/failure'],
      ['errors', '//testcase/error'],
      ['skipped', '//testcase/skipped'],
    ])
      t.true(document.eval(`${element}/@${attribute} = count(${element}${path})`), `${element} ${attribute}`);
  t.true(document.eval('/testsuites/@failures = 3 and /testsuites/@errors = 5'));
});

test('each way to end is told once: a failed assertion is a failure, all else an error', (t) => {
  const document = parsed(t, mixed.results);
  const of = (spec: string) => `//testsuite[properties/property[@name="spec"]/@value="${spec}"]/testcase`;
  t.deepEqual(contents(document.find(`${of('fails')}/failure/@type`)), [
    'AssertionError',
    'AssertionError',
    'Error',
  ]);
  for (const [spec, type] of [
    ['agent-crashes', 'crashed'],
    ['kernel-panics', 'crashed'],
    ['never-ends', 'hung'],
    ['module-is-refused', 'load-failed'],
    ['no-boot', 'boot-failed'],
  ] as const)
    t.deepEqual(contents(document.find(`${of(spec)}/*[self::error or self::failure]/@type`)), [type], spec);
  t.is(document.find(`${of('passes')}/*[self::error or self::failure]`).length, 0);
});

test('a panic brings its console, and a cell that was skipped its reason', (t) => {
  const document = parsed(t, mixed.results);
  t.regex(
    document.get('//testcase[@classname="6_12.emulated.kernel-panics"]/error')?.content ?? '',
    /sysrq_handle_crash/,
  );
  t.is(
    document.get('//testcase[@classname="6_12.emulated.needs-more"]/skipped/@message')?.content,
    'needs CONFIG_NO_SUCH_THING, which kernel 6.12 does not have',
  );
});

test('files are named from the root of the repository, with the line of the spec', (t) => {
  const document = parsed(t, mixed.results);
  const failed = '//testcase[@name="a test that fails below the spec"]';
  t.is(document.get(`${failed}/@file`)?.content, 'drivers/tests/specs/fails.spec.ts');
  t.is(document.get(`${failed}/@line`)?.content, '13');
  t.is(
    document.get('//testcase[error/@type="boot-failed"]/@file')?.content,
    'drivers/tests/specs/no-boot.spec.ts',
  );
});

test('whatever was printed comes back as it was, but for what XML cannot hold', (t) => {
  const text = 'a ]]> b ]]> c <![CDATA[ &amp; "\' \u0007\u001b[31mred\u001b[0m \uD800 tab\tend';
  const results = changed('passes', {
    outcome: 'failed',
    tests: [
      {
        title: text,
        outcome: 'failed',
        ms: 1,
        error: { name: 'true', message: text, stack: text },
        output: text,
      },
    ],
  });
  const document = parsed(t, results);
  const back = 'a ]]> b ]]> c <![CDATA[ &amp; "\' \uFFFDred \uFFFD tab\tend';
  t.is(document.get('//failure')?.content, back);
  t.is(document.get('//system-out')?.content, back);
  // An attribute's tab is read as a space.
  t.is(document.get('//testcase/@name')?.content, back.replace('\t', ' '));
  t.is(document.get('//failure/@type')?.content, 'true');
});

test('a cell whose tests passed and whose kernel warned has a case that fails', (t) => {
  const document = parsed(
    t,
    changed('passes', { outcome: 'failed', reason: 'the kernel warned: WARNING: x' }),
  );
  t.is(document.get('//testcase[failure]/failure/@message')?.content, 'the kernel warned: WARNING: x');
  t.is(document.find('//testcase[failure]').length, 1);
});

test('without a project no file is guessed, and without cells there is a document', (t) => {
  const bare = parsed(t, changed('no-boot', {}), { project: '', specs: null });
  t.is(bare.find('//@file').length, 0);
  t.true(parsed(t, { ...mixed.results, cells: [] }).eval('/testsuites/@tests = 0'));
});

test('the schema refuses what is not of the format', (t) => {
  for (const [from, to] of [
    ['<skipped message', '<skipped reason'],
    [' type="AssertionError"', ''],
    ['line="9"', 'line="nine"'],
    [' tests="17"', ''],
    ['<properties>', '<system-out/><properties>'],
  ] as const) {
    const text = junitReport(mixed.results, places);
    t.true(text.includes(from), from);
    using document = XmlDocument.fromString(text.replaceAll(from, to));
    t.throws(() => validate(document), { instanceOf: XmlValidateError }, from);
  }
});
