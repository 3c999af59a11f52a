import { readFileSync } from 'node:fs';
import { test } from 'node:test';

export const needs = { modules: ['use_after_free'] };

test('reads what a module has freed', () => {
  readFileSync('/sys/kernel/debug/use_after_free', 'latin1');
});
