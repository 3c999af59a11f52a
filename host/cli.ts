// The command line. Verbs are stages; each works alone on what the one before it left.
import { join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { RingcrossError } from '../vm/errors.ts';
import { isSystemError } from '../vm/system-error.ts';
import { baselineName, parsePercent } from './baseline.ts';
import { baselineCommand } from './commands/baseline.ts';
import { diagnose, diagnosisLines, installPackages } from './commands/doctor.ts';
import { execCommand } from './commands/exec.ts';
import { initProject, nextSteps } from './commands/init.ts';
import { kernelBuild, kernelKeys, kernelList, kernelPath } from './commands/kernel.ts';
import { type AddFlags, kernelAdd } from './commands/kernel-add.ts';
import { kernelPrune, type PruneFlags } from './commands/kernel-prune.ts';
import { kernelUpdate, type UpdateFlags } from './commands/kernel-update.ts';
import { mergeCommand } from './commands/merge.ts';
import { reportCommand } from './commands/report.ts';
import { dryRunCommand, resumeCommand, runCommand } from './commands/run.ts';
import { shellCommand } from './commands/shell.ts';
import { templateName } from './init/project-files.ts';
import { type LensWord, lensWords, quickestLens } from './lenses.ts';
import { openProgress } from './progress.ts';
import { loadProject } from './project.ts';
import { chooseReporters, parseReporter, type Reporter, reporterWords } from './report/reporters.ts';
import { ownVersion } from './run/manifest.ts';
import { parseShard, type Shard, wholePlan } from './shards.ts';
import { signalStatus, signalWatch } from './signals.ts';
import { openTemplates } from './templates.ts';

const signal = signalWatch();

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
};

const percent = (text: string): number => {
  const part = parsePercent(text);
  if (part === null) throw new InvalidArgumentError('expected a percentage such as 2%');
  return part;
};

const append = <T>(value: T, earlier: T[]): T[] => [...earlier, value];

const repeated = <T extends string>(flags: string, description: string, choices?: readonly T[]): Option => {
  const option = new Option(flags, description).default([], 'all that apply');
  return option.argParser((text: string, earlier: T[]) => {
    if (choices && !choices.includes(text as T))
      throw new InvalidArgumentError(`expected one of: ${choices.join(', ')}`);
    return append(text as T, earlier);
  });
};

const oneKernel = new Option('--kernel <name>', "a kernel's name").default('', "the config's first");
const oneLens = new Option('--lens <lens>', 'how the guest is clocked').choices(lensWords).default('auto');

const cold = new Option('--cold', 'boot every guest, instead of cloning one that has booted');

const reporter = new Option('--reporter <name>', `${reporterWords.join(', ')}; may be repeated`)
  .default([], 'github in GitHub Actions')
  .argParser((text: string, earlier: (Reporter | 'none')[]) => append(parseReporter(text), earlier));

const program = new Command('ringcross')
  .description('Measures how data crosses the border between user space and kernel space, on any kernel.')
  .version(await ownVersion())
  .exitOverride()
  .enablePositionalOptions();

let status = 0;

program
  .command('init')
  .description('a project for modules of your own: config, a module, its spec, a workflow for CI')
  .argument('[dir]', 'its folder', '.')
  .option('--name <module>', 'what its module is called', templateName)
  .action(async (dir: string, { name }: { name: string }) => {
    const folder = resolve(dir);
    print((await initProject(folder, name)).join('\n'));
    process.stderr.write(`${nextSteps(folder, process.cwd())}\n`);
  });

program
  .command('doctor')
  .description('what this host has and lacks, and which lenses work')
  .option('--json', 'for a program to read')
  .option('--install', 'installs the system packages that are missing, as root or through sudo')
  .action(async ({ json, install }: { json?: boolean; install?: boolean }) => {
    if (install === true) await installPackages();
    const diagnosis = await diagnose(await loadProject(), signal);
    print(json ? JSON.stringify(diagnosis, null, 2) : diagnosisLines(diagnosis).join('\n'));
    status = diagnosis.packages.missing.length > 0 ? 3 : 0;
  });

const kernel = program.command('kernel').description('the kernels of the project and of ringcross');
kernel
  .command('list')
  .description('each kernel: version, source, where it is named, whether it is built')
  .option('--json', 'for a program to read')
  .action(async ({ json }: { json?: boolean }) =>
    print(await kernelList((await loadProject()).kernelConfigDir, json === true)),
  );
kernel
  .command('key')
  .description(
    'what a build starts from as a digest, one a line: it changes whenever a kernel would be built anew',
  )
  .argument('[name...]', 'kernels; those of the config where none is named')
  .action(async (names: string[]) => {
    const { kernels, kernelConfigDir } = await loadProject();
    print(await kernelKeys(names.length > 0 ? names : kernels, kernelConfigDir));
  });
kernel
  .command('build')
  .description('fetches, configures, checks and builds what is not built yet; prints where the images are')
  .argument('[name...]', 'kernels; those of the config where none is named')
  .action(async (names: string[]) => {
    const { kernels, kernelConfigDir } = await loadProject();
    print(await kernelBuild(names.length > 0 ? names : kernels, kernelConfigDir, signal));
  });
kernel
  .command('path')
  .description('where the image of a kernel that is built is')
  .argument('<name>', 'a kernel')
  .action(async (name: string) => print(await kernelPath(name, (await loadProject()).kernelConfigDir)));
kernel
  .command('add')
  .description("looks a kernel up and writes it into the project's kernels.json and lock")
  .argument('<name>', 'what it is to be called')
  .option('--debian <package>', "a linux-source package of Debian's")
  .option('--image <package>', "a linux-image package of Debian's, as it is")
  .option('--suite <suite...>', 'the suites that may have the package')
  .option('--kernel.org <version>', 'a release of kernel.org: 6.12.50, or 6.12 for the newest of its series')
  .option('--mirror <url>', 'the folder that has v6.x/, where that is not kernel.org')
  .option('--git <url>', 'a repository, by URL or path')
  .option('--ref <ref>', 'its branch, tag or full commit hash')
  .option('--dir <path>', 'a working tree, as it is at each build')
  .action(async (name: string, flags: AddFlags) =>
    print(await kernelAdd(name, flags, (await loadProject()).kernelConfigDir, signal)),
  );
kernel
  .command('update')
  .description("moves the project's lock to the newest of each source, and says what changed")
  .argument('[name...]', "kernels; all that the project's kernels.json names where none is named")
  .option('--check', 'writes nothing; the status is 1 where something would change')
  .option('--json', 'for a program to read')
  .action(async (names: string[], flags: UpdateFlags) => {
    const updated = await kernelUpdate(names, flags, (await loadProject()).kernelConfigDir, signal);
    if (updated.text !== '') print(updated.text);
    status = updated.status;
  });
kernel
  .command('prune')
  .description('removes kernels, sources and modules from the cache that no kernel of the config leads to')
  .option('--keep <n>', 'of the kernels that nothing leads to, those built last stay', positive)
  .option('--dry-run', 'removes nothing, and says what would go')
  .option('--json', 'for a program to read')
  .action(async (flags: PruneFlags) => print(await kernelPrune(flags, await loadProject(), signal)));

interface RunFlags {
  kernel: string[];
  lens: LensWord[];
  spec: string[];
  out?: string;
  jobs?: number;
  messages?: number;
  timeout?: number;
  cold?: boolean;
  failOnGrowth?: number;
  baseline?: string;
  json?: boolean;
  shard: Shard;
  resume?: string;
  dryRun?: boolean;
  recordTimes?: boolean;
  reporter: (Reporter | 'none')[];
}

program
  .command('run')
  .description('the main job: plan, build what is missing, run every cell, report')
  .addOption(repeated('--kernel <name>', 'a kernel; may be repeated'))
  .addOption(repeated('--lens <lens>', `${lensWords.join(', ')}; may be repeated`, lensWords))
  .addOption(repeated('--spec <glob>', 'specs by name; may be repeated'))
  .option('--out <dir>', "the run's folder, a new one under runs/ by default")
  .option('--jobs <n>', 'guests at once; by default as many as CPUs and memory allow', positive)
  .option('--messages <n>', 'kept samples of every case', positive)
  .option('--timeout <seconds>', 'without progress for so long a spec is hung', positive)
  .addOption(cold)
  .addOption(
    new Option('--shard <i/n>', 'only the cells of one of n shards, for `merge`')
      .argParser(parseShard)
      .default(wholePlan, 'all of them'),
  )
  .addOption(
    new Option('--resume <run>', 'goes on with a run that was interrupted, as it was started').conflicts([
      'kernel',
      'lens',
      'spec',
      'out',
      'messages',
      'timeout',
      'cold',
      'shard',
      'dryRun',
    ]),
  )
  .addOption(
    new Option('--dry-run', 'the plan on standard output, and nothing else').conflicts('recordTimes'),
  )
  .option('--record-times', "writes how long the cells took into the project's ringcross.times.json")
  .option(
    '--fail-on-growth <percent>',
    'exit with 1 where a median in instructions is longer than in the baseline',
    percent,
  )
  .option('--baseline <file>', `what to compare with, ${baselineName} by default`)
  .option('--json', 'results on standard output, as in results.json; with --dry-run the plan')
  .addOption(reporter)
  .action(async (flags: RunFlags) => {
    if (flags.baseline !== undefined && flags.failOnGrowth === undefined)
      throw new RingcrossError('USAGE', 'expected --fail-on-growth beside --baseline, but it is not there');
    const reporters = chooseReporters(flags.reporter, process.env);
    const project = await loadProject();
    using progress = openProgress();
    const options = {
      project,
      kernels: flags.kernel,
      lenses: flags.lens,
      specs: flags.spec,
      shard: flags.shard,
      out: flags.out === undefined ? null : resolve(flags.out),
      jobs: flags.jobs ?? null,
      messages: flags.messages ?? null,
      silenceMs: flags.timeout === undefined ? null : flags.timeout * 1000,
      isCold: flags.cold === true,
      signal,
      progress,
    };
    const json = flags.json === true;
    const gate =
      flags.failOnGrowth === undefined
        ? null
        : {
            allowed: flags.failOnGrowth,
            baseline: resolve(flags.baseline ?? join(project.root, baselineName)),
          };
    const telling = { json, reporters, recordTimes: flags.recordTimes === true, gate };
    if (flags.dryRun) print(await dryRunCommand(options, json));
    else if (flags.resume !== undefined)
      status = await resumeCommand(resolve(flags.resume), options, telling);
    else status = await runCommand(options, telling);
  });

program
  .command('merge')
  .description('makes one run of the shards of a plan; refuses what does not belong together')
  .argument('<shard...>', "the shards' folders")
  .requiredOption('--out <dir>', "the merged run's folder, which must be new")
  .option('--json', 'results on standard output, as in results.json')
  .addOption(reporter)
  .action(async (dirs: string[], flags: { out: string; json?: boolean; reporter: (Reporter | 'none')[] }) => {
    status = await mergeCommand(
      dirs.map((dir) => resolve(dir)),
      resolve(flags.out),
      { json: flags.json === true, reporters: chooseReporters(flags.reporter, process.env) },
    );
  });

interface GuestFlags {
  kernel: string;
  lens: LensWord;
  push: string[];
  cold?: boolean;
}

const sessionOptions = async (flags: Omit<GuestFlags, 'push'>) => {
  const project = await loadProject();
  const progress = openProgress();
  return {
    kernel: flags.kernel || (project.kernels[0] ?? ''),
    configFolder: project.kernelConfigDir,
    lens: flags.lens === 'auto' ? await quickestLens() : flags.lens,
    memoryMiB: project.memoryMiB,
    templates: openTemplates(project, progress, flags.cold === true),
    signal,
    progress,
  };
};

program
  .command('exec')
  .description('one command in a fresh guest; exits with its status')
  .addOption(oneKernel)
  .addOption(oneLens)
  .addOption(
    repeated('--push <file>', "a file or folder for the command's working directory; may be repeated"),
  )
  .addOption(cold)
  .argument('<command...>', 'after --')
  .passThroughOptions()
  .action(async (command: string[], flags: GuestFlags) => {
    const options = await sessionOptions(flags);
    using _progress = options.progress;
    status = await execCommand(options, flags.push, command);
  });

program
  .command('shell')
  .description('an interactive shell in a fresh guest')
  .addOption(oneKernel)
  .addOption(oneLens)
  .addOption(cold)
  .action(async (flags: GuestFlags) => {
    const options = await sessionOptions(flags);
    using _progress = options.progress;
    status = await shellCommand(options);
  });

program
  .command('report')
  .description("reports again from a run's folder")
  .argument('<run>', "the run's folder")
  .option(
    '--page <file>',
    "also writes one Markdown page to publish: the survey's tables, the five parameters, every case at 1024 B",
  )
  .option(
    '--reliability <file>',
    'also writes one of what each mechanism guarantees: losses by load, acknowledgements, deaths, boundaries',
  )
  .option(
    '--kernels <file>',
    'also writes one of the kernels side by side: outcomes, figures, and what has grown',
  )
  .addOption(reporter)
  .action(
    async (
      dir: string,
      flags: { page?: string; reliability?: string; kernels?: string; reporter: (Reporter | 'none')[] },
    ) => {
      const reporters = chooseReporters(flags.reporter, process.env);
      status = await reportCommand(resolve(dir), reporters, {
        results: flags.page ?? null,
        reliability: flags.reliability ?? null,
        kernels: flags.kernels ?? null,
      });
    },
  );

program
  .command('baseline')
  .description("takes a run's medians in instructions for what --fail-on-growth compares with")
  .argument('<run>', "the run's folder")
  .option('--file <file>', `${baselineName} of the project by default`)
  .action(async (dir: string, { file }: { file?: string }) =>
    print(
      await baselineCommand(resolve(dir), resolve(file ?? join((await loadProject()).root, baselineName))),
    ),
  );

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const hostCallError = (error: NodeJS.ErrnoException): RingcrossError =>
  new RingcrossError('HOST_CALL', `expected the host to allow it, but: ${error.message}`, {
    cause: error,
    ...(error.code === 'ENOSPC' ? { next: 'df -h' } : {}),
  });

/** What broke, the log that explains it, and what to type next. */
const tellError = (error: unknown): number => {
  // Whatever broke after we were told to stop, broke because of that.
  if (signal.aborted) return signalStatus(String(signal.reason));
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof RingcrossError) && isSystemError(error)) return tellError(hostCallError(error));
  if (!(error instanceof RingcrossError)) {
    process.stderr.write(`ringcross: bug: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 3;
  }
  process.stderr.write(`ringcross: ${error.code}: ${error.message}\n`);
  if (error.log) process.stderr.write(`${error.log.trimEnd()}\n`);
  if (error.next) process.stderr.write(`next: ${error.next}\n`);
  return error.exit;
};

try {
  await program.parseAsync();
} catch (error) {
  status = tellError(error);
}
process.exitCode = status;
