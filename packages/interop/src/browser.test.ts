import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { launchChromium, missingChromium } from '@timestep/tooling-vitest/chromium';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { expectClose } from './test-support/compare.ts';
import { fixture, jsonFixture } from './test-support/fixtures.ts';
import type { PageTask } from './test-support/page/page.ts';

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

it.skipIf(missingChromium() !== null)('a Keras model is read in Chromium, its weights in a Web Worker', async () => {
  const { x, shape, y } =
    jsonFixture<Record<string, { x: number[]; shape: number[]; y: number[] }>>('keras.json')['gru-reset-before']!;
  const task: PageTask = { file: [...fixture('keras-gru-reset-before.keras')], x, shape };
  const [server, browser] = await Promise.all([serve(), launchChromium()]);
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
