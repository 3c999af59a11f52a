// What a finding is about, without what was found. Pure.
import type { Finding } from './messages.ts';

/** Two findings of one key state one thing: the same within a cell, and across kernels what can differ. */
export const findingKey = (finding: Finding): string => {
  const { about, mechanism, subject } = finding;
  return JSON.stringify([about, mechanism, subject, directionOf(finding), sideOf(finding)]);
};

/** The direction that a finding is about, if it is about one. */
export const directionOf = (finding: Finding): string | null =>
  'direction' in finding ? finding.direction : null;

/** The size or the dead side that a finding is about, if it is about one. */
export const sideOf = (finding: Finding): string | null => {
  if ('size' in finding) return finding.size;
  return 'of' in finding ? finding.of : null;
};
