// How far each mechanism of a run can be trusted, as one page to be published. Pure.
import { RingcrossError } from '../../vm/errors.ts';
import type { Manifest } from '../run/manifest.ts';
import type { Results } from '../run/results.ts';
import { groupsOf } from './groups.ts';
import { directions, pageHeadline } from './headline.ts';
import { reliabilitySections } from './reliability-sections.ts';
import { lensTitle } from './sections.ts';

/** Errors: USAGE where the run says nothing about reliability, and as `groupsOf`. */
export const reliabilityPage = (results: Results, manifest: Manifest): string => {
  const groups = groupsOf(results).flatMap((group) => {
    const sections = reliabilitySections(group, 'full');
    return sections.length === 0 ? [] : [lensTitle(group, manifest), ...sections];
  });
  if (groups.length === 0)
    throw new RingcrossError(
      'USAGE',
      `expected a run that tells what became of messages, but run ${results.run} has neither an account nor a finding of it`,
      { next: 'npx ringcross run --lens instructions' },
    );
  return `${[
    '# Reliability',
    pageHeadline(results, manifest),
    'Made by `ringcross report RUN --reliability FILE`; edits are lost.',
    directions,
    ...groups,
  ].join('\n\n')}\n`;
};
