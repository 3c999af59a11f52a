import { test } from 'node:test';

export const needs = { config: ['CONFIG_OF_NO_KERNEL'] };

test('a test that never runs', () => {});
