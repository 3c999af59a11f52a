// JSON files of ours, as a person reads them and a diff shows them.
import { rename, writeFile } from 'node:fs/promises';

/** Whole or not at all: written beside and renamed. */
export const writeJson = async (path: string, value: unknown): Promise<void> => {
  await writeFile(`${path}.new`, jsonText(value));
  await rename(`${path}.new`, path);
};

/** As `writeJson` writes it. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
