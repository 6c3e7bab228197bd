import { defineConfig } from 'tsup';

/**
 * The preset of every published package: ESM, declarations, source maps, nothing bundled but its own files.
 *
 * @param {Record<string, string>} entry subpath name → source file, such as `{ index: 'src/index.ts' }`
 * @param {import('tsup').Options} [more]
 */
export function library(entry = { index: 'src/index.ts' }, more = {}) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    treeshake: true,
    external: [/^node:/],
    // Declarations are made from the built declarations of the other packages, never from their sources.
    esbuildOptions(options) {
      options.conditions = [];
    },
    ...more,
  });
}
