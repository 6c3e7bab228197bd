import { launchChromium, missingChromium } from '@timestep/tooling-vitest/chromium';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages, servePage } from './test-support/serve-page.ts';
import type { Findings, WorkOptions } from './test-support/page/work.ts';

describe.skipIf(missingChromium() !== null)('in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function findings(
    kind: keyof typeof pages,
    where: 'work' | 'workInWorker',
    options: WorkOptions,
  ): Promise<Findings> {
    const server = await servePage(kind);
    const page = await browser.newPage();
    try {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(server.url);
      const found = await page.evaluate<Findings, [string, WorkOptions]>(
        ([name, given]) => (Reflect.get(globalThis, name) as (options: WorkOptions) => Promise<Findings>)(given),
        [where, options],
      );
      expect(errors).toEqual([]);
      return found;
    } finally {
      await page.close();
      await server.close();
    }
  }

  test.each([
    { kind: 'isolated', where: 'workInWorker', options: { threads: 2, conformance: true }, threads: 2 },
    { kind: 'plain', where: 'workInWorker', options: { threads: 2, conformance: true }, threads: 1 },
    { kind: 'isolated', where: 'work', options: { threads: 2, conformance: false }, threads: 2 },
    { kind: 'plain', where: 'work', options: { relaxedSimd: false, conformance: false }, threads: 1 },
    { kind: 'policed', where: 'workInWorker', options: { conformance: false }, threads: 1 },
  ] as const)(
    '$kind page, $where, $options: $threads threads, right results',
    async ({ kind, where, options, threads }) => {
      const found = await findings(kind, where, options);
      expect(found.failures).toEqual([]);
      if (options.conformance) expect(found.checks).toBeGreaterThan(300);
      expect(found).toMatchObject({ crossOriginIsolated: 'Cross-Origin-Opener-Policy' in pages[kind], threads });
      // 67 products of numbers up to 1, each rounded to 24 bits.
      expect(found.deviation).toBeLessThan(67 * 2 ** -24);
    },
  );

  test('a policy without wasm-unsafe-eval is named, with the directive to add', async () => {
    await expect(findings('strict', 'work', { conformance: false })).rejects.toThrow(
      /Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src/,
    );
  });

  test('workers that a page forbids are a typed error where a number of threads is asked for', async () => {
    await expect(findings('policed', 'workInWorker', { threads: 2, conformance: false })).rejects.toThrow(
      'could not start 1 worker threads',
    );
  });
});
