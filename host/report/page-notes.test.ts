import test from 'ava';
import { notesMark, withNotes } from './page-notes.ts';

test('a new page ends with the mark', (t) => {
  t.is(withNotes('# Page\n', null), `# Page\n\n${notesMark}\n`);
  t.is(withNotes('# Page\n', 'written by hand from its first line\n'), `# Page\n\n${notesMark}\n`);
});

test('what stands below the mark stays, to the last byte, and what stands above goes', (t) => {
  const notes = '\n\n## Why\n\nSince 6.4.\n';
  t.is(withNotes('# New\n', `# Old\n\n${notesMark}${notes}`), `# New\n\n${notesMark}${notes}`);
});
