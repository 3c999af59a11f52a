// A project whose specs show what a clone shares with another, and what not.
import { defineConfig } from '../../host/project.ts';

export default defineConfig({ kernels: ['6.12'] });
