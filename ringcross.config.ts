import { defineConfig } from './host/project.ts';

export default defineConfig({ kernels: ['6.12'] });
