// `npm run study`: the whole study twice in the `instructions` lens. The first run becomes docs/results.md; where the second
// does not repeat a median or a ninetieth percentile to the last digit, it fails and the page stays as it was.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { differences, exactFigures } from '../host/report/repeat.ts';
import { renderTable } from '../host/report/table.ts';
import { type Results, resultsSchema } from '../host/run/results.ts';

$.verbose = true;
$.stdio = 'inherit';

const folder = await mkdtemp(join(tmpdir(), 'ringcross-study-'));
try {
  const [first, second] = [await study('first'), await study('second')];
  const found = differences(first, second);
  const wrong = found.filter(({ figure }) => exactFigures.includes(figure));
  console.log(
    found.length === 0
      ? 'Both runs have the same figures.'
      : renderTable({
          header: ['case', 'figure', 'first', 'second'],
          rows: found.map(({ first, second, ...one }) => [one.case, one.figure, `${first}`, `${second}`]),
        }),
  );
  console.log(`${wrong.length} of p50 and p90 differ, ${found.length - wrong.length} of p99 and means.`);
  if (wrong.length === 0) await $`bin/ringcross report ${join(folder, 'first')} --page docs/results.md`;
  else process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

async function study(name: string): Promise<Results> {
  const out = join(folder, name);
  await $`bin/ringcross run --lens instructions --out ${out}`;
  return resultsSchema.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
}
