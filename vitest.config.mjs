import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*/vitest.config.mjs', 'apps/*/vitest.config.mjs', 'tooling/*/vitest.config.mjs'],
    // Vitest leaves one core free by default, which is half of a machine with two.
    maxWorkers: availableParallelism(),
  },
});
