// Every spec that has a module, and the plain pipe, on every series there is: what a module or a spec takes for granted and one
// series does not have shows here.
import test from 'ava';
import { findSpecs, readSpecs } from '../host/guest-build/spec.ts';
import { listKernels } from '../host/kernel/index.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(ownRoot);
const all = await readSpecs(await findSpecs(project, []));
const specs = all.filter(({ name, needs }) => needs.modules.length > 0 || name === 'pipe');
const series = (await listKernels()).filter(({ source, built }) => source?.kind === 'debian' && built);

test.after.always(removeRuns);

test('there are five series, and all are built', (t) => {
  const names = series.map(({ name }) => name).filter((name) => !name.includes('-'));
  t.deepEqual(names, ['5.10', '6.1', '6.12', '7.2', '7.3']);
});

test('specs hold on every series', async (t) => {
  const { results } = await runHere({
    project,
    kernels: series.map(({ name }) => name).filter((name) => !name.includes('-') && name !== '6.12'),
    lenses: ['instructions'],
    specs: specs.map(({ name }) => name),
    messages: 40,
  });
  t.true(results.cells.length >= 4 * specs.length);
  for (const { kernel, spec, outcome, reason, log } of results.cells)
    t.is(outcome, 'passed', [`${spec} on ${kernel}: ${reason}`, ...(log ?? [])].join('\n'));
});
