// Tests that build kernels, or install the package: not part of `npm test`.
export default {
  extensions: ['ts'],
  files: ['**/*.slow.test.ts'],
  concurrency: 1,
  timeout: '60m',
};
