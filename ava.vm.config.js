// Tests that boot guests: one file at a time, since two cores are shared by all of them.
export default {
  extensions: ['ts'],
  files: ['**/*.vm.test.ts'],
  concurrency: 1,
  timeout: '30m',
};
