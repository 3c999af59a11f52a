// The three messages at the borders of what a call takes, and what becomes of them.
import { type Finding, finding } from 'ringcross/guest';

type Boundary = Extract<Finding, { about: 'boundary' }>;

/** Of one message: how large it is, what became of it, in a few words why. */
export type Fate = Pick<Boundary, 'bytes' | 'result' | 'says'>;

/** States the findings of one call. */
export const boundaries = (
  call: Pick<Boundary, 'mechanism' | 'direction' | 'subject'>,
  fates: Record<Boundary['size'], Fate>,
): void => {
  for (const [size, fate] of Object.entries(fates) as [Boundary['size'], Fate][])
    finding({ about: 'boundary', ...call, size, ...fate });
};
