import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';

/** A program of this folder for the browser, with the sources of all packages in it. */
export async function bundle(entry: string, minify = false): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    minify,
    conditions: ['@timestep/source'],
  });
  return result.outputFiles[0]!.contents;
}

/** Serves one program on localhost, which is a secure origin: only there `navigator.gpu` exists. */
export async function openPage(
  browser: Browser,
  program: Uint8Array,
): Promise<{ page: Page; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const isProgram = request.url === '/program.js';
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html');
    response.end(
      isProgram ? program : '<!doctype html><meta charset="utf-8"><script type="module" src="/program.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    page,
    async close() {
      await page.close();
      server.close();
    },
  };
}
