import test from 'ava';
import { figure, renderTable } from './table.ts';

test('text is aligned left, figures right, whatever their width', (t) => {
  t.is(
    renderTable({
      header: ['case', 'n'],
      rows: [
        ['a|b', '1'],
        ['größer', '1,000'],
      ],
    }),
    ['| case   |     n |', '| ------ | ----: |', '| a\\|b   |     1 |', '| größer | 1,000 |'].join('\n'),
  );
});

test('as many columns are text as the table says', (t) => {
  t.is(
    renderTable({ header: ['a', 'b'], rows: [['long', 'longer']], textColumns: 2 }),
    ['| a    | b      |', '| ---- | ------ |', '| long | longer |'].join('\n'),
  );
});

test('what was not measured is a dash, not a zero', (t) => {
  t.is(figure(null), '—');
  t.is(figure(undefined), '—');
  t.is(figure(0), '0');
  t.is(figure(12345.67), '12,345.7');
});
