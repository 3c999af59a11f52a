import test from 'ava';
import { checkModuleName, completedPackage, renamed } from './project-files.ts';

const wanted = JSON.stringify({
  name: 'template',
  type: 'module',
  scripts: { test: 'ringcross run', check: 'tsc' },
  devDependencies: { ringcross: '1.0.0', typescript: '2.0.0' },
});

const completed = (present: object): unknown =>
  JSON.parse(completedPackage(JSON.stringify(present), wanted, 'package.json'));

test('the name replaces the template’s wherever that stands, in paths too', (t) => {
  t.deepEqual(
    renamed({ path: 'kmod/postbox/postbox.c', text: 'postbox_open POSTBOX_MAX "/dev/postbox"' }, 'fifo2'),
    { path: 'kmod/fifo2/fifo2.c', text: 'fifo2_open FIFO2_MAX "/dev/fifo2"' },
  );
});

test('a name is one that C, the kernel and a path take', (t) => {
  for (const name of ['a', 'ring_2', 'x'.repeat(55)]) t.notThrows(() => checkModuleName(name), name);
  for (const name of ['', '2a', 'Ring', 'a-b', '../a', 'a b', 'include', 'x'.repeat(56)])
    t.throws(() => checkModuleName(name), { code: 'USAGE', message: /but got/ }, name);
});

test('what npm made of a folder is completed', (t) => {
  t.deepEqual(completed({ dependencies: { ringcross: 'file:ringcross.tgz' } }), {
    dependencies: { ringcross: 'file:ringcross.tgz' },
    type: 'module',
    scripts: { test: 'ringcross run', check: 'tsc' },
    devDependencies: { typescript: '2.0.0' },
  });
});

test('nothing that a package.json says is changed', (t) => {
  const own = {
    name: 'own',
    type: 'module',
    scripts: { test: 'own' },
    devDependencies: { ringcross: '0.9.0', zod: '4.0.0' },
    optionalDependencies: { typescript: '1.0.0' },
  };
  t.deepEqual(completed(own), { ...own, scripts: { test: 'own', check: 'tsc' } });
});

test('a package of CommonJS is refused with what to type, and so is what is no package', (t) => {
  const error = t.throws(() => completed({ type: 'commonjs' }), { code: 'USAGE', message: /"commonjs"/ });
  t.is((error as { next?: string }).next, 'npm pkg set type=module');
  for (const text of ['{', '[]', 'null'])
    t.throws(() => completedPackage(text, wanted, 'a/package.json'), {
      code: 'USAGE',
      message: /a\/package\.json/,
    });
});
