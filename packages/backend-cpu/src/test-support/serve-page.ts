import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the test page and its Worker from the sources. */
async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: ['page.ts', 'worker.ts'].map((name) => fileURLToPath(new URL(`page/${name}`, import.meta.url))),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@timestep/source'],
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** A content policy that forbids the workers of the kernels, which come from a Blob. */
const workersFromFilesOnly = { 'Content-Security-Policy': "worker-src 'self'" };

/** A content policy that forbids WebAssembly. */
const withoutWebAssembly = { 'Content-Security-Policy': "script-src 'self'" };

/**
 * How a page is served: cross-origin isolated or not, or with a content policy that forbids our workers, or
 * WebAssembly.
 */
export const pages = {
  isolated: isolation,
  plain: {},
  policed: { ...isolation, ...workersFromFilesOnly },
  strict: withoutWebAssembly,
} as const;

/** Serves the test page at `/`. */
export async function servePage(kind: keyof typeof pages): Promise<{ url: string; close(): Promise<void> }> {
  const scripts = await bundle();
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts.get(url);
    response.writeHead(script === undefined && url !== '/' ? 404 : 200, {
      'Content-Type': script === undefined ? 'text/html' : 'text/javascript',
      ...pages[kind],
    });
    response.end(script ?? '<!doctype html><title>test</title><script type="module" src="page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
  };
}
