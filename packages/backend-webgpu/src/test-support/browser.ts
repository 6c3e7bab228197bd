import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { defaultDawnFlags } from '../adapter.ts';

const executablePath = process.env['TIMESTEP_CHROMIUM'] ?? '/usr/bin/chromium';

/** Flags that give headless Chromium a WebGPU adapter on a machine without a GPU. */
const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  ...defaultDawnFlags.map((flag) => `--${flag}`),
];

/**
 * A Chromium, or null with one line that says why. With TIMESTEP_REQUIRE_BROWSER=1, as CI sets it, a missing browser
 * throws instead.
 */
export async function openBrowser(): Promise<Browser | null> {
  try {
    return await chromium.launch({ executablePath, args: flags });
  } catch (error) {
    if (process.env['TIMESTEP_REQUIRE_BROWSER'] === '1') throw error;
    console.log(
      `skipping the browser tests of this file: no Chromium at ${executablePath}; install Debian's chromium or set TIMESTEP_CHROMIUM`,
    );
    return null;
  }
}

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
