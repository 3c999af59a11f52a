// The API of a project's config: `import { defineConfig } from 'ringcross/config'`.
export { type Config, defineConfig } from './project.ts';
