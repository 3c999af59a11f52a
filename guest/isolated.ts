// A test that shares its kernel with no other.
import type { TestOptions } from 'node:test';

/**
 * Options of a test that gets a kernel of its own, and leaves none to the others: `test('leaks a page', isolated, ...)`.
 * The spec's modules are loaded for it, and its hooks run, as for the tests that share one.
 */
export const isolated = Object.freeze({ isolated: true }) as TestOptions;
