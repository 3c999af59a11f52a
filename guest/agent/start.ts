// The agent's first code: runs main.ts, which was compiled when its disk was made. A bundle that is parsed costs an emulated
// guest the translation of V8's parser and compiler, some 15,000 blocks that nothing before hello needs otherwise.
import { readFileSync } from 'node:fs';
import { constants, Script } from 'node:vm';

const bundle = `${__dirname}/agent.cjs`;

const script = new Script(readFileSync(bundle, 'utf8'), {
  filename: bundle,
  cachedData: readFileSync(`${__dirname}/agent.compiled`),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
if (script.cachedDataRejected)
  console.error('ringcross: expected compiled code for this node, got another’s; compiling it');
(script.runInThisContext() as (require: NodeJS.Require) => void)(require);
