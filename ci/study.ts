// `npm run study`: the whole study twice in the `instructions` lens. The first run becomes docs/results.md, at whose end stands
// what the second gave otherwise, and docs/reliability.md. Where the second does not repeat a median, a ninetieth percentile
// and every loss to the last digit, it fails and the pages stay as they were.
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { differences, mustRepeat, repetitionSection } from '../host/report/repeat.ts';
import { type Results, resultsSchema } from '../host/run/results.ts';

$.verbose = true;
$.stdio = 'inherit';

const page = 'docs/results.md';
const folder = await mkdtemp(join(tmpdir(), 'ringcross-study-'));
try {
  const [first, second] = [await study('first'), await study('second')];
  const found = differences(first, second);
  const wrong = found.filter(mustRepeat);
  const section = repetitionSection(found);
  console.log(section);
  console.log(
    `${wrong.length} of p50, p90 and what became of messages differ, ${found.length - wrong.length} of other figures.`,
  );
  if (wrong.length === 0) {
    await $`bin/ringcross report ${join(folder, 'first')} --page ${page} --reliability docs/reliability.md`;
    await appendFile(page, `\n${section}\n`);
  } else process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

async function study(name: string): Promise<Results> {
  const out = join(folder, name);
  await $`bin/ringcross run --lens instructions --out ${out}`;
  return resultsSchema.parse(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
}
