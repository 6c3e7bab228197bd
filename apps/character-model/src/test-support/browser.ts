import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { build, preview } from 'vite';

const executablePath = process.env['TIMESTEP_CHROMIUM'] ?? '/usr/bin/chromium';

/** A headless Chromium with WebGPU on SwiftShader; the last flag cuts the time to compile a kernel to a tenth there. */
const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
];

/**
 * Why there is no Chromium here, or null. With TIMESTEP_REQUIRE_BROWSER=1, as CI sets it, the tests run and fail
 * instead.
 */
export function missingChromium(): string | null {
  if (existsSync(executablePath) || process.env['TIMESTEP_REQUIRE_BROWSER'] === '1') return null;
  const reason = `no Chromium at ${executablePath}; install Debian's chromium or set TIMESTEP_CHROMIUM`;
  console.log(`skipping the browser tests of this file: ${reason}`);
  return reason;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags });
}

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
