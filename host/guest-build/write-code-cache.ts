// Runs as a process of its own, in the node of guests: `write|check FILENAME OUTPUT`, the script on standard
// input. Writes the script's code with every function compiled, or checks that what was written is taken.
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [mode, filename = '', output = ''] = process.argv.slice(2);
const source = readFileSync(0, 'utf8');
if (mode === 'write') {
  setFlagsFromString('--no-lazy');
  const script = new Script(source, { filename });
  // The flags are part of what is written, and a guest has this one as it is by default.
  setFlagsFromString('--lazy');
  writeFileSync(output, script.createCachedData());
} else if (new Script(source, { filename, cachedData: readFileSync(output) }).cachedDataRejected) {
  throw new Error('V8 does not take the code that it has compiled');
}
