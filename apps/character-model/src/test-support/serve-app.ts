import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, preview } from 'vite';

/** Builds the app from the sources of all packages into a folder of its own, and serves that. */
export async function serveApp(): Promise<{ url: string; close: () => Promise<void> }> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outDir = mkdtempSync(join(tmpdir(), 'timestep-page-'));
  const shared = { root, logLevel: 'error', build: { outDir, emptyOutDir: true } } as const;
  await build({ ...shared, resolve: { conditions: ['@timestep/source', 'module', 'browser', 'import', 'default'] } });
  const server = await preview({ ...shared, preview: { port: 0, host: '127.0.0.1' } });
  return {
    url: server.resolvedUrls!.local[0]!,
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true, force: true });
    },
  };
}
