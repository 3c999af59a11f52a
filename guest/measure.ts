// Declares the cases of a mechanism as tests of node:test, and tells whoever runs the spec what each gave.
import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { benches, type Case, type CaseResult, sample } from './sample.ts';
import { currentSettings } from './settings.ts';

/** The diagnostics channel on which each `CaseResult` is published. */
export const caseChannel = 'ringcross:case';

/** A case over several sizes. */
export interface Series extends Omit<Case, 'bytes'> {
  /** Bytes of a message: one test for each. */
  sizes: readonly number[];
}

/**
 * One test a size, titled `k2u blocking 1024 B`. It runs the case, fails when a message was lost, came twice or came
 * out wrong, or when memory was not in place, and publishes the result. `expect` may assert more about it.
 */
export const measure = (series: Series, expect: (result: CaseResult) => void = () => {}): void => {
  const { sizes, ...rest } = series;
  for (const bytes of sizes) {
    const variant = series.setting === undefined ? series.variant : `${series.variant} ${series.setting}`;
    test(`${series.direction} ${variant} ${bytes} B`, async () => {
      const result = await sample({ ...rest, bytes });
      assert.equal(result.lost, 0, `${result.lost} of ${result.sent} messages have a stamp on one side only`);
      assert.equal(result.received, result.sent, 'every message that was sent is received');
      if (isFirstTouch(series)) assert.ok(result.faults > 0, 'a first touch is a page fault');
      else if (currentSettings().realtime) assert.equal(result.faults, 0, 'no page fault while messages go');
      expect(result);
      channel(caseChannel).publish(result);
    });
  }
};

const isFirstTouch = ({ mechanism, by = mechanism, direction, variant }: Series): boolean =>
  benches(by).some((bench) => bench.direction === direction && bench.variant === variant && bench.firstTouch);
