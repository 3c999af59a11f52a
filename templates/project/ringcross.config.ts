import { defineConfig } from 'ringcross/config';

export default defineConfig({
  // `npx ringcross kernel list` tells which there are.
  kernels: ['6.12'],
});
