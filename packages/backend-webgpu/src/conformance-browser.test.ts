import { conformanceChecks } from '@timestep/backend-conformance/checks';
import { launchChromium, missingChromium } from '@timestep/tooling-vitest/chromium';
import { afterAll, expect, test } from 'vitest';
import { bundle, openPage } from './test-support/browser.ts';
import type { ConformancePage } from './test-support/conformance-page.ts';

const browser = missingChromium() === null ? await launchChromium({ webGpu: true }) : null;
afterAll(() => browser?.close());

test.skipIf(browser === null)(
  'the conformance suite, every check of it, in a headless Chromium',
  async () => {
    const { page, close } = await openPage(browser!, await bundle('conformance-page.ts'));
    await page.waitForFunction(() => 'runConformance' in globalThis);
    const result = await page.evaluate(() => (globalThis as unknown as ConformancePage).runConformance());
    await close();
    expect(result.problems).toEqual([]);
    expect(result.passed).toBe(conformanceChecks.length);
    expect(result.device).not.toBe('');
    // 800 checks in one test: 45 s by itself, four times as long beside the rest of the workspace's tests.
  },
  600_000,
);
