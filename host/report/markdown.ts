// A run as one Markdown page, and as what a terminal shows of it. Pure: results and manifest in, text out.
import type { Manifest } from '../run/manifest.ts';
import type { Results } from '../run/results.ts';
import { caseTable } from './cases.ts';
import { environment } from './environment.ts';
import { failuresSection } from './failures.ts';
import { type Group, groupsOf } from './groups.ts';
import { directions } from './headline.ts';
import { type Configs, kernelSections } from './kernels.ts';
import { reliabilitySections } from './reliability-sections.ts';
import { groupTitle, notPossibleSection, surveySections } from './sections.ts';
import { renderTable } from './table.ts';
import { starts, timeTable, waited } from './time.ts';

/** The whole report, first what ran and whether it passed. Errors: USAGE, as `groupsOf`. */
export const markdownReport = (results: Results, manifest: Manifest, configs: Configs): string =>
  `${[
    headline(results, manifest),
    ...kernelSections(results, configs),
    ...timeSection(results, manifest),
    ...failuresSection(results),
    directions,
    ...groupsOf(results).flatMap((group) => [
      groupTitle(group, manifest),
      ...surveySections(group, 'full'),
      ...notPossibleSection(group),
      ...reliabilitySections(group, 'full'),
      ...everyCase(group),
    ]),
    environment(manifest),
  ].join('\n\n')}\n`;

/** What a person wants at once: the survey's tables, the parameters and the guarantees, where the time went, and what did not pass. */
export const terminalSummary = (results: Results, manifest: Manifest): string =>
  [
    headline(results, manifest).replaceAll('**', ''),
    ...groupsOf(results)
      // What is established without a clock stands in the report.
      .filter(({ unit }) => unit !== null)
      .flatMap((group) => [
        groupTitle(group, manifest),
        ...surveySections(group, 'brief'),
        ...reliabilitySections(group, 'brief'),
      ]),
    ...timeSection(results, manifest),
    ...failuresSection(results),
  ].join('\n\n');

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

const timeSection = (results: Results, manifest: Manifest): string[] => [
  '## Where the time went',
  renderTable(timeTable(results)),
  ...waited(manifest),
  ...starts(results, manifest),
];

const everyCase = ({ cases, unit }: Group): string[] =>
  unit === null
    ? []
    : [...new Set(cases.map(({ mechanism }) => mechanism))].flatMap((mechanism) => [
        `### ${mechanism}`,
        renderTable(
          caseTable(
            cases.filter((one) => one.mechanism === mechanism),
            unit,
          ),
        ),
      ]);
