// A small project to be run in shards: a cell that passes with a figure, one that fails, one that is skipped.
import { defineConfig } from '../../host/project.ts';

export default defineConfig({ kernels: ['6.12'] });
