// A run as one Markdown page. Pure: results and manifest in, text out.
import type { Lens } from '../../vm/lens.ts';
import { seconds } from '../progress.ts';
import type { Manifest } from '../run/manifest.ts';
import type { CaseResult, CellResult, Results } from '../run/results.ts';
import { cycleTable, latencyTable } from './survey.ts';
import { figure, renderTable } from './table.ts';

/** The whole report, first what ran and whether it passed. */
export const markdownReport = (results: Results, manifest: Manifest): string =>
  `${[
    headline(results, manifest),
    ...cellsSection(results),
    ...failuresSection(results),
    ...groups(results).flatMap((group) => figuresSection(group, manifest)),
    environment(manifest),
  ].join('\n\n')}\n`;

/** The tables a person wants at once: the survey's layout, and what did not pass. For the terminal. */
export const terminalSummary = (results: Results, manifest: Manifest): string =>
  [
    headline(results, manifest).replaceAll('**', ''),
    ...groups(results).flatMap((group) => [
      sectionTitle(group, manifest),
      ...surveyTables(group),
      `### All mechanisms at 1024 B, or the size they have`,
      caseTable(
        group.cases.filter((one) => isShownShort(one, group.cases)),
        group.unit,
      ),
    ]),
    ...cellsSection(results),
    ...failuresSection(results),
  ].join('\n\n');

/** One figure per mechanism, direction and variant: at 1024 B where it has that size, else its smallest. */
const isShownShort = (one: CaseResult, all: readonly CaseResult[]): boolean => {
  const siblings = all.filter(
    ({ mechanism, direction, variant }) =>
      mechanism === one.mechanism && direction === one.direction && variant === one.variant,
  );
  const has1024 = siblings.some(({ bytes }) => bytes === 1024);
  return has1024 ? one.bytes === 1024 : one.bytes === Math.min(...siblings.map(({ bytes }) => bytes));
};

const headline = (results: Results, manifest: Manifest): string => {
  const { cells } = results;
  const passed = cells.filter(({ outcome }) => outcome === 'passed').length;
  const skipped = cells.filter(({ outcome }) => outcome === 'skipped').length;
  const kernels = manifest.kernels.map(({ version }) => version).join(', ');
  const names = manifest.lenses.map(({ lens }) => lens);
  const lenses = `${names.length === 1 ? 'lens' : 'lenses'} ${names.join(' and ')}`;
  const probe = manifest.cyclesProbe;
  // The first line says under which clock everything below was taken.
  const clock =
    probe && !probe.works
      ? `No cycles on this host (${probe.reason}): ${lenses}.`
      : `${lenses[0]?.toUpperCase()}${lenses.slice(1)}.`;
  const rest = cells.length - passed - skipped;
  return `**${clock}** Linux ${kernels}; ${passed} of ${cells.length} cells passed${skipped ? `, ${skipped} skipped` : ''}${rest ? `, **${rest} not**` : ''}. Run ${results.run}.`;
};

const cellsSection = ({ cells }: Results): string[] => [
  '## Cells',
  renderTable({
    header: ['cell', 'outcome', 'tests', 'cases', 'boot', 'whole'],
    rows: cells.map(({ kernel, lens, spec, outcome, tests, cases, bootMs, ms }) => [
      `${kernel} ${lens} ${spec}`,
      outcome,
      `${tests.filter((test) => test.outcome === 'passed').length}/${tests.length}`,
      `${cases.length}`,
      bootMs === null ? '—' : seconds(bootMs),
      seconds(ms),
    ]),
  }),
];

const failuresSection = ({ cells }: Results): string[] => {
  const bad = cells.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped');
  return bad.length === 0 ? [] : ['## What did not pass', ...bad.map(failure)];
};

const failure = (cell: CellResult): string => {
  const tests = cell.tests
    .filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped')
    .map(({ title, outcome, error, output }) =>
      [`- **${title}**: ${outcome}`, ...fenced(error?.stack ?? error?.message), ...fenced(output)].join('\n'),
    );
  return [
    `### ${cell.kernel} ${cell.lens} ${cell.spec}: ${cell.outcome}`,
    cell.reason ?? '',
    ...tests,
    ...fenced(cell.log?.join('\n')),
    `Again: \`npx ringcross run --kernel ${cell.kernel} --lens ${cell.lens} --spec ${cell.spec}\``,
  ]
    .filter(Boolean)
    .join('\n\n');
};

const fenced = (text: string | undefined): string[] =>
  text?.trim() ? [`\`\`\`text\n${text.trimEnd()}\n\`\`\``] : [];

/** Cells whose figures may stand in one table: one kernel, one lens, one unit. */
interface Group {
  kernel: string;
  release: string;
  lens: Lens;
  unit: string;
  cases: CaseResult[];
}

const groups = ({ cells }: Results): Group[] => {
  const found = new Map<string, Group>();
  for (const { kernel, release, lens, cases } of cells)
    for (const one of cases) {
      // A lens without a unit has no figures to show.
      if (one.unit === null) continue;
      const key = `${kernel} ${lens}`;
      const group = found.get(key) ?? { kernel, release: release ?? kernel, lens, unit: one.unit, cases: [] };
      group.cases.push(one);
      found.set(key, group);
    }
  return [...found.values()];
};

const sectionTitle = ({ release, lens, unit }: Group, manifest: Manifest): string => {
  const meaning = manifest.lenses.find((record) => record.lens === lens)?.meaning ?? '';
  return `## Linux ${release}, lens ${lens}, in ${unit}\n\n${meaning}. Medians unless said; the empty window is subtracted. The survey's cycles and these ${unit} are different units: they do not compare.`;
};

const surveyTables = ({ cases, unit }: Group): string[] => [
  '### Table 4 of the survey: user to kernel',
  renderTable(cycleTable('u2k', cases, unit)),
  '### Table 5 of the survey: kernel to user',
  renderTable(cycleTable('k2u', cases, unit)),
  '### Table 1 of the survey: IPC',
  renderTable(latencyTable(cases, unit)),
];

const figuresSection = (group: Group, manifest: Manifest): string[] => {
  const mechanisms = [...new Set(group.cases.map(({ mechanism }) => mechanism))];
  return [
    sectionTitle(group, manifest),
    ...surveyTables(group),
    ...mechanisms.flatMap((mechanism) => [
      `### ${mechanism}`,
      caseTable(
        group.cases.filter((one) => one.mechanism === mechanism),
        group.unit,
      ),
    ]),
  ];
};

const caseTable = (cases: readonly CaseResult[], unit: string): string =>
  renderTable({
    header: [
      `case (${unit})`,
      'bytes',
      'n',
      'send p50',
      'send p99',
      'receive p50',
      'receive p99',
      'transit p50',
      'transit p99',
      'bytes/tick',
    ],
    rows: cases.map(
      ({ mechanism, direction, variant, bytes, received, send, receive, transit, throughput }) => [
        `${mechanism} ${direction} ${variant}`,
        figure(bytes),
        figure(received),
        ...[send, receive, transit].flatMap((column) => [figure(column?.p50), figure(column?.p99)]),
        throughput.bytesPerTick === null ? '—' : `${throughput.bytesPerTick}`,
      ],
    ),
  });

const environment = ({ host, kernels, guests, images, ringcross, started }: Manifest): string => {
  const facts: [string, string][] = [
    ['started', started],
    ['ringcross', `${ringcross.version}${ringcross.commit ? `, ${ringcross.commit}` : ''}`],
    ['host', `${host.cpu}, ${host.cpus} CPUs, Linux ${host.kernel}`],
    ['QEMU', host.qemu],
    ['node', host.node],
    ...kernels.flatMap((kernel): [string, string][] => [
      [`kernel ${kernel.name}`, `${kernel.release}, build id ${kernel.buildId}`],
      [
        `kernel ${kernel.name}, source`,
        `${kernel.source.package} ${kernel.source.version}, SHA-256 ${kernel.source.sha256}`,
      ],
      [`kernel ${kernel.name}, image`, `SHA-256 ${kernel.imageSha256}, by ${kernel.compiler}`],
    ]),
    ['root image', `SHA-256 ${images.root}`],
    ['agent image', `SHA-256 ${images.agent}`],
    ...guests.flatMap(({ kernel, lens, facts: guest }): [string, string][] => [
      [`guest ${kernel} ${lens}`, `${guest.cpuModel}, ${guest.cpus} CPU, clock source ${guest.clockSource}`],
      [`mitigations ${kernel} ${lens}`, activeMitigations(guest.mitigations)],
    ]),
  ];
  return [
    '## Environment',
    renderTable({ header: ['what', 'value'], rows: facts }).replace(/ -+: \|$/m, (rule) =>
      rule.replace(':', '-'),
    ),
  ].join('\n\n');
};

const activeMitigations = (mitigations: Record<string, string>): string =>
  Object.entries(mitigations)
    .filter(([, state]) => state !== 'Not affected')
    .map(([name, state]) => `${name}: ${state}`)
    .join('; ') || 'none needed';
