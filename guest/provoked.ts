// Warnings that a test makes the kernel print on purpose.
import { channel } from 'node:diagnostics_channel';

/** The diagnostics channel on which lines are published that were provoked. */
export const provokedChannel = 'ringcross:provoked';

/**
 * Says that the test that runs has provoked these lines, as `kernelLog` has them: a warning among them fails no cell.
 * Of an oops and of a panic that cannot be said. Hand over the lines that the test is about and no others.
 */
export const provoked = (lines: readonly string[]): void => {
  channel(provokedChannel).publish(lines);
};
