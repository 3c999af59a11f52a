// The module of each mechanism, and pipes, on every series there is: what a module or a spec takes for granted and one series does
// not have shows here. What else specs do with a module, `npm test` has shown on the series that is the default.
import test from 'ava';
import { findSpecs, moduleNeed, readSpecs, type SpecFile } from '../host/guest-build/spec.ts';
import { listKernels } from '../host/kernel/index.ts';
import { loadProject, ownRoot } from '../host/project.ts';
import { removeRuns, runHere } from './run-here.ts';

const project = await loadProject(ownRoot);
const isOfModule = ({ name, needs }: SpecFile): boolean =>
  needs.modules.some((need) => moduleNeed(need).name === name);
const specs = (await readSpecs(await findSpecs(project, [])))
  .filter((spec) => spec.name === 'pipe' || isOfModule(spec))
  .map(({ name }) => name);
const kernels = (await listKernels()).filter(({ source }) => source?.kind === 'debian');
const series = kernels.map(({ name }) => name).filter((name) => /^\d+\.\d+$/.test(name));

test.after.always(removeRuns);

test('the series and the specs are those that are meant', (t) => {
  t.deepEqual(series, ['5.10', '6.1', '6.12', '7.2', '7.3']);
  t.true(
    specs.includes('chardev') && specs.includes('genetlink') && specs.includes('pipe'),
    specs.join(', '),
  );
});

test('specs hold on every series', async (t) => {
  const { results } = await runHere({
    project,
    kernels: series,
    lenses: ['instructions'],
    specs,
    messages: 40,
  });
  t.is(results.cells.length, series.length * specs.length);
  for (const { kernel, spec, outcome, reason, log } of results.cells)
    t.is(outcome, 'passed', [`${spec} on ${kernel}: ${reason}`, ...(log ?? [])].join('\n'));
});
