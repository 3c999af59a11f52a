// Tests on several kernels, which `npm test` does not build: `npm run test:matrix`.
export default {
  extensions: ['ts'],
  files: ['**/*.matrix.test.ts'],
  concurrency: 1,
  timeout: '60m',
};
