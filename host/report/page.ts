// A run's results as one page to be published: what a reader of the survey looks for, and nothing of the machine it was
// taken on. Pure.
import { RingcrossError } from '../../vm/errors.ts';
import type { Manifest } from '../run/manifest.ts';
import type { Results } from '../run/results.ts';
import { caseNotes, narrowCaseTable } from './cases.ts';
import { atSurveySize, type Group, groupsOf, surveyBytes } from './groups.ts';
import { directions, pageHeadline } from './headline.ts';
import { groupTitle, notPossibleSection, surveySections } from './sections.ts';
import { renderNotes, renderTable } from './table.ts';

/** Errors: USAGE where the run has no figures to publish, and as `groupsOf`. */
export const resultsPage = (results: Results, manifest: Manifest): string => {
  const groups = groupsOf(results);
  if (groups.every(({ unit }) => unit === null))
    throw new RingcrossError(
      'USAGE',
      `expected a run with figures, but run ${results.run} has none: its lenses publish no ticks, or no case ended`,
      { next: 'npx ringcross run --lens instructions' },
    );
  return `${[
    '# Results',
    pageHeadline(results, manifest),
    'Made by `ringcross report RUN --page FILE`; edits are lost.',
    directions,
    ...groups.flatMap((group) => [
      groupTitle(group, manifest),
      ...surveySections(group, 'full'),
      ...notPossibleSection(group),
      ...casesSection(group),
    ]),
  ].join('\n\n')}\n`;
};

const casesSection = ({ cases, unit }: Group): string[] =>
  unit === null
    ? []
    : [
        `### All cases at ${surveyBytes} B, or at the smallest size they have`,
        renderNotes(caseNotes),
        renderTable(narrowCaseTable(atSurveySize(cases), unit)),
      ];
