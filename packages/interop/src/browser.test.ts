import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { expectClose } from './test-support/compare.ts';
import { fixture, jsonFixture } from './test-support/fixtures.ts';
import type { PageTask } from './test-support/page/page.ts';

const executable = '/usr/bin/chromium';
/** With TIMESTEP_REQUIRE_BROWSER=1, as CI sets it, the test runs and fails instead. */
const missing = !existsSync(executable) && process.env['TIMESTEP_REQUIRE_BROWSER'] !== '1';
if (missing)
  console.log(`skipping the browser test of interop: no Chromium at ${executable}; install Debian's package chromium`);

/** Serves the test page and the worker, bundled from the sources as an application would. */
async function serve(): Promise<{ url: string; close(): void }> {
  const { outputFiles } = await build({
    entryPoints: ['test-support/page/page.ts', 'hdf5/web-worker.ts'].map((name) =>
      fileURLToPath(new URL(name, import.meta.url)),
    ),
    entryNames: '[name]',
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@timestep/source'],
    external: ['node:*', 'module'],
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts.get(url);
    response.writeHead(200, { 'Content-Type': script === undefined ? 'text/html' : 'text/javascript' });
    response.end(script ?? '<!doctype html><title>test</title><script type="module" src="page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => void server.close() };
}

it.skipIf(missing)('a Keras model is read in Chromium, its weights in a Web Worker', async () => {
  const { x, shape, y } =
    jsonFixture<Record<string, { x: number[]; shape: number[]; y: number[] }>>('keras.json')['gru-reset-before']!;
  const task: PageTask = { file: [...fixture('keras-gru-reset-before.keras')], x, shape };
  const [server, browser] = [
    await serve(),
    await chromium.launch({
      executablePath: executable,
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    }),
  ];
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(server.url);
    const found = await page.evaluate<{ y: number[]; code: string }, PageTask>(
      (given) =>
        (Reflect.get(globalThis, 'work') as (given: PageTask) => Promise<{ y: number[]; code: string }>)(given),
      task,
    );
    expect(errors).toEqual([]);
    expect(found.code).toBe('MALFORMED_FILE');
    expectClose(found.y, y);
  } finally {
    await browser.close();
    server.close();
  }
});
