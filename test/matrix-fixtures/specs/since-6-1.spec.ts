import { test } from 'node:test';

export const needs = { modules: ['since_6_1'] };

test('a module that needs Linux 6.1 loads', () => {});
