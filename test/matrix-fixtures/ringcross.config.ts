// A project whose modules are wrong on purpose: one on a series of kernels, one wherever the kernel has its checkers.
import { defineConfig } from '../../host/project.ts';

export default defineConfig({ kernels: ['5.10', '6.12'] });
