// GitHub's own checker of workflow files, as its editors use it: keys, expressions, contexts, jobs that need others, inputs.
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { ownRoot } from '../host/project.ts';

// It is written for bundlers, and imports its schemas without saying that they are JSON, on which Node insists.
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
  },
});
const { validate } = await import('@actions/languageservice');
const { TextDocument } = await import('vscode-languageserver-textdocument');

/** A reusable workflow of this repository, against whose inputs a call of it is checked. */
const fileProvider = {
  getFileContent: async (reference: { path: string }) => ({
    name: reference.path,
    content: await readFile(join(ownRoot, reference.path), 'utf8'),
  }),
};

// It remembers by name what it has parsed: each text has one of its own.
let checked = 0;

/** Everything that it finds, as `line: message`; its warnings are mistakes too, such as a context without such a name. */
export const checkWorkflow = async (text: string): Promise<string[]> => {
  checked++;
  const document = TextDocument.create(`file:///.github/workflows/${checked}.yml`, 'yaml', 1, text);
  const found = await validate(document, { fileProvider });
  return found.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
};
