import test from 'ava';
import { configValues, formatOption, parseConfig } from './config-lines.ts';

test('values, unset options, comments and blank lines', (t) => {
  const { lines, bad } = parseConfig(
    '# why\nCONFIG_A=y\n\n# CONFIG_B is not set\nCONFIG_S="a=b c"\nCONFIG_N=8\nCONFIG_OFF=n\n',
  );
  t.deepEqual(bad, []);
  t.deepEqual(lines, [
    { symbol: 'A', value: 'y', line: 2 },
    { symbol: 'B', value: 'n', line: 4 },
    { symbol: 'S', value: '"a=b c"', line: 5 },
    { symbol: 'N', value: '8', line: 6 },
    { symbol: 'OFF', value: 'n', line: 7 },
  ]);
});

for (const text of [
  'A=y',
  'CONFIG_A',
  'CONFIG_A =y',
  ' CONFIG_A=y',
  '#CONFIG_A is not set',
  '# CONFIG_A is not set.',
]) {
  test(`a line that kernel tools would pass over is bad: ${text}`, (t) => {
    t.deepEqual(parseConfig(`# fine\n${text}\n`), { lines: [], bad: [{ line: 2, text }] });
  });
}

test('an option that is off is not among the values', (t) => {
  t.deepEqual([...configValues('CONFIG_A=y\n# CONFIG_B is not set\n')], [['A', 'y']]);
});

test('an option is formatted as a fragment has it', (t) => {
  t.is(formatOption('A', 'n'), '# CONFIG_A is not set');
  t.is(formatOption('A', '8'), 'CONFIG_A=8');
});
