// A kernel as its distribution ships it: what can run on it does, and what cannot says why before anything boots.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loadProject, ownRoot } from '../host/project.ts';
import type { CellResult } from '../host/run/results.ts';
import { removeRuns, runHere } from './run-here.ts';

const kernel = '6.1-cloud';
const lock = JSON.parse(await readFile(join(ownRoot, 'kernel-config/kernels.lock.json'), 'utf8'));
const { packages } = lock[kernel] as { packages: Record<string, object> };
const project = await loadProject(ownRoot);
// Without a module, with one, and one that wants a page that Debian leaves out.
const specs = ['pipe', 'debugfs', 'vsyscall'];
const done = runHere({ project, kernels: [kernel], lenses: ['instructions'], specs, messages: 100 });
// Told by each test that waits for it.
done.catch(() => {});
test.after.always(removeRuns);

const findCell = async (spec: string): Promise<CellResult> => {
  const { results } = await done;
  const cell = results.cells.find((one) => one.spec === spec);
  if (!cell) throw new Error(`the run has no cell for ${spec}`);
  return cell;
};

for (const spec of ['pipe', 'debugfs'])
  test(`${spec} passes on ${kernel}, whose drivers are modules`, async (t) => {
    const cell = await findCell(spec);
    t.is(cell.outcome, 'passed', [cell.reason, ...(cell.log ?? [])].join('\n'));
    t.true(`linux-image-${cell.release}` in packages);
    t.true(cell.cases.length > 0);
  });

test('a spec that needs what this kernel does not have is skipped with the reason', async (t) => {
  t.like(await findCell('vsyscall'), {
    outcome: 'skipped',
    reason: 'needs CONFIG_LEGACY_VSYSCALL_XONLY, which kernel 6.1-cloud does not have',
    start: null,
  });
});

test('the manifest names every package that the kernel is made of, with its digest', async (t) => {
  const { manifest } = await done;
  const [facts] = manifest.kernels;
  if (facts?.source.kind !== 'image') throw t.fail(`the manifest has a kernel of kind ${facts?.source.kind}`);
  t.deepEqual(
    Object.fromEntries(
      facts.source.packages.map(({ package: name, version, sha256 }) => [name, { version, sha256 }]),
    ),
    packages,
  );
});
