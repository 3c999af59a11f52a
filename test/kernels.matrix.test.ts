// Faults that show on one kernel and not on another: a run on several tells them apart, and says where they are.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { exitStatus } from '../host/commands/run.ts';
import { loadProject } from '../host/project.ts';
import { kernelSections } from '../host/report/kernels.ts';
import { readConfigs } from '../host/run/kernel-configs.ts';
import type { CellResult, Results } from '../host/run/results.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(join(import.meta.dirname, 'matrix-fixtures'));

test.after.always(removeRuns);

const find = ({ cells }: Results, kernel: string, spec: string): CellResult => {
  const cell = cells.find((one) => one.kernel === kernel && one.spec === spec);
  if (!cell) throw new Error(`the run has no cell of ${kernel} for ${spec}`);
  return cell;
};

test.serial(
  'a module that one series cannot build fails there alone, with the compiler’s line',
  async (t) => {
    const specs = ['since-6-1', 'without-modules'];
    const { results, dir } = await runHere({ project, lenses: ['instructions'], specs });
    const broken = find(results, '5.10', 'since-6-1');
    t.is(broken.outcome, 'failed');
    t.regex(broken.reason ?? '', /MODULE_BUILD: expected the module since_6_1 to build for 5\.10/);
    t.regex((broken.log ?? []).join('\n'), /since_6_1\.c:\d+:\d+: error: .*kmalloc_size_roundup/);
    t.is(find(results, '6.12', 'since-6-1').outcome, 'passed');
    for (const kernel of project.kernels) t.is(find(results, kernel, 'without-modules').outcome, 'passed');
    t.is(exitStatus(results), 1);
    t.regex(
      kernelSections(results, await readConfigs(dir)).join('\n'),
      /^\| since-6-1 +\| instructions \| \*\*failed\*\* +\| passed/m,
    );
  },
);

test.serial(
  'a use after free is caught on a debug kernel, with its file and line, and nowhere else',
  async (t) => {
    const { results } = await runHere({
      project,
      kernels: ['6.12', '6.12-debug'],
      lenses: ['emulated'],
      specs: ['use-after-free', 'without-modules'],
    });
    t.is(find(results, '6.12', 'use-after-free').outcome, 'passed', 'no kernel without a checker sees it');
    const caught = find(results, '6.12-debug', 'use-after-free');
    t.is(caught.outcome, 'oopsed');
    t.regex(caught.reason ?? '', /BUG: KASAN: slab-use-after-free in use_after_free_planted/);
    const source = 'kmod/use_after_free/use_after_free.c';
    const code = (await readFile(join(project.root, source), 'utf8')).split('\n');
    const line = code.findIndex((text) => text.includes('return *freed')) + 1;
    t.true(line > 0);
    t.true((caught.log ?? [])[0]?.endsWith(`[use_after_free] (${source}:${line})`), caught.log?.[0]);
    t.is(find(results, '6.12-debug', 'without-modules').outcome, 'passed');
  },
);
