// What people write below a page that is made. Pure.

/** Everything below this line of a page is kept when the page is made anew. */
export const notesMark = '<!-- What follows is written by hand, and kept when this page is made anew. -->';

/** The page with the mark at its end, and the notes that stand below it in `earlier`, the page as it was. */
export const withNotes = (page: string, earlier: string | null): string => {
  const at = earlier?.indexOf(notesMark) ?? -1;
  const notes = earlier === null || at < 0 ? '\n' : earlier.slice(at + notesMark.length);
  return `${page}\n${notesMark}${notes}`;
};
