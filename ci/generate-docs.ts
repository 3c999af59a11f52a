// Writes the pages of docs/ that are made from code: `npm run docs`.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resultsJsonSchema } from '../host/run/results.ts';
import { errorTable } from '../vm/errors.ts';

const docs = join(import.meta.dirname, '../docs');

await writeFile(join(docs, 'results.schema.json'), `${JSON.stringify(resultsJsonSchema(), null, 2)}\n`);

const head = `# Errors

Every error of ringcross has a code that never changes its meaning. The message says what was expected and what came;
below it stand the lines of the log that explain it, and what to type next. The table is made from \`vm/errors.ts\` by
\`npm run docs\`.

The status is what the process exits with: 0 all passed, 1 a test failed, 2 wrong usage, 3 the machinery broke (host, build,
boot). A command that a signal ended exits with 128 + its number, as in a shell.

| code | status | meaning |
| --- | --- | --- |
`;
const rows = Object.entries(errorTable).map(
  ([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${meaning} |\n`,
);
await writeFile(join(docs, 'errors.md'), head + rows.join(''));
