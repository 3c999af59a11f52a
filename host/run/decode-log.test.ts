import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { chooseSymbol, decodeLog, moduleNameOf, parseSymbols, placesIn, sourceLine } from './decode-log.ts';

test('places are found with the module they are in, and what only looks like one is not', (t) => {
  const line = 'BUG: KASAN: slab-use-after-free in uaf_read+0x55/0x90 [uaf]';
  t.deepEqual(placesIn(line), [
    { text: 'uaf_read+0x55/0x90 [uaf]', symbol: 'uaf_read', offset: 0x55, size: 0x90, module: 'uaf' },
  ]);
  t.like(placesIn('RIP: 0010:do_syscall_64+0x1f/0x1a0')[0], { symbol: 'do_syscall_64', module: null });
  t.like(placesIn(' ? uaf_read+0x1/0x90 [uaf(OE)]')[0], { module: 'uaf' });
  t.deepEqual(placesIn('R10: 0000000000000000+0x1 a+b'), []);
});

test('a function is told by name and size, and not at all where two would do', (t) => {
  const listing = `
   Num:    Value          Size Type    Bind   Vis      Ndx Name
    12: 0000000000000010    85 FUNC    LOCAL  DEFAULT    2 uaf_read
    13: 0000000000000100   400 FUNC    LOCAL  DEFAULT    2 uaf_read
    14: 0000000000000300    16 OBJECT  LOCAL  DEFAULT    3 uaf_ops
`;
  const found = parseSymbols(listing, new Set(['uaf_read', 'uaf_ops'])).get('uaf_read') ?? [];
  t.is(found.length, 2);
  t.is(chooseSymbol(found, 96)?.value, 0x10n);
  t.is(chooseSymbol(found, 400)?.value, 0x100n);
  t.is(chooseSymbol(found, 4000), null);
  t.is(chooseSymbol([], 96), null);
});

test('lines are told without the folder of the build', (t) => {
  t.is(sourceLine('/c/kernels/under-way/build-x1/source/./mm/slub.c:12 (discriminator 3)\n'), 'mm/slub.c:12');
  t.is(sourceLine('kmod/uaf/uaf.c:7\n'), 'kmod/uaf/uaf.c:7');
  t.is(sourceLine('??:0\n'), null);
  t.is(sourceLine('??:?\n'), null);
});

test('a real object with debug information is decoded, one without stays as it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcross-decode-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const source = 'int planted(int *p)\n{\n\tp[0] = 1;\n\treturn p[1];\n}\n';
  await mkdir(join(folder, 'demo'));
  await writeFile(join(folder, 'demo/demo.c'), source);
  const compile = (output: string, ...flags: string[]) =>
    execa('gcc', ['-c', '-O0', ...flags, '-o', output, join(folder, 'demo/demo.c')], { cwd: '/usr' });

  const [withLines, without] = [join(folder, 'demo-module.ko'), join(folder, 'bare.ko')];
  await compile(withLines, '-g', `-ffile-prefix-map=${folder}/=kmod/`, '-fdebug-prefix-map=/usr=.');
  await compile(without);
  const { stdout } = await execa('readelf', ['--wide', '--symbols', withLines]);
  const size = parseSymbols(stdout, new Set(['planted'])).get('planted')?.[0]?.size ?? 0;
  const line = `in planted+0x${(size - 1).toString(16)}/0x${size.toString(16)} [demo_module]`;
  const images = (ko: string) => ({ vmlinux: withLines, modules: new Map([[moduleNameOf(withLines), ko]]) });
  t.deepEqual(await decodeLog([line, 'nothing'], images(withLines)), [
    `${line} (kmod/demo/demo.c:5)`,
    'nothing',
  ]);
  t.deepEqual(await decodeLog([line], images(without)), [line]);
  t.deepEqual(await decodeLog([line], images(join(folder, 'gone.ko'))), [line]);
});
