import { launchChromium, missingChromium } from '@timestep/tooling-vitest/chromium';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveApp } from './test-support/serve-app.ts';

describe.skipIf(missingChromium() !== null)('the page in Chromium', () => {
  let browser: Browser;
  let app: Awaited<ReturnType<typeof serveApp>>;

  beforeAll(async () => {
    [browser, app] = await Promise.all([launchChromium({ webGpu: true }), serveApp()]);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** Opens the page with these settings and presses Train. */
  async function train(settings: string): Promise<{ page: Page; errors: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1180, height: 980 } });
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`${app.url}?${settings}`);
    await page.click('#start');
    return { page, errors };
  }

  async function finished(page: Page): Promise<string> {
    await page.waitForSelector('#status[data-state="done"], #status[data-state="failed"]', { timeout: 150_000 });
    return page.innerText('#status');
  }

  test.each([
    { backend: 'webgpu', on: 'webgpu', says: 'on WebGPU: ' },
    { backend: 'cpu', on: 'cpu', says: 'on the processor: ' },
    // This Chromium has a software adapter only, so the CPU is used.
    { backend: 'auto', on: 'cpu', says: 'on the processor: ' },
  ])('backend $backend: it learns, draws the loss and writes', async ({ backend, on, says }) => {
    const { page, errors } = await train(`backend=${backend}&hidden=32&steps=60`);
    expect(await finished(page)).toContain(says);

    expect(await page.getAttribute('#status', 'data-backend')).toBe(on);
    if (backend === 'auto') expect(await page.getAttribute('#status', 'title')).toContain('software');
    expect(await page.innerText('#step')).toBe('60');
    expect(await page.getAttribute('#chart', 'data-points')).toBe('6');
    expect(await page.locator('#chart canvas').count()).toBe(1);
    // A guess that knows nothing costs ln of the number of characters.
    const characters = new Set(await page.inputValue('#text')).size;
    expect(Number(await page.innerText('#loss'))).toBeLessThan(0.8 * Math.log(characters));
    expect(await page.innerText('#sample-step')).toBe('after 60 steps');
    expect((await page.innerText('#sample')).length).toBeGreaterThan(200);
    expect(await page.isEnabled('#start')).toBe(true);
    expect(errors).toEqual([]);
    const { TIMESTEP_SCREENSHOTS: folder } = process.env;
    if (folder !== undefined)
      await page.screenshot({ path: `${folder}/character-model-${backend}.png`, fullPage: true });
    await page.close();
  });

  test('Stop ends a run, and another may follow', async () => {
    const { page, errors } = await train('backend=cpu&hidden=32&steps=100000');
    await page.waitForSelector('#chart[data-points]:not([data-points="0"])');
    await page.click('#stop');
    expect(await finished(page)).toMatch(/^Stopped: /);
    await page.fill('input[name="steps"]', '10');
    await page.click('#start');
    await page.waitForFunction(() => document.getElementById('status')!.textContent.startsWith('Done'));
    expect(await page.innerText('#step')).toBe('10');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a text that is too short is told in words', async () => {
    const page = await browser.newPage();
    await page.goto(`${app.url}?backend=cpu&hidden=32&steps=10`);
    await page.fill('#text', 'Too short.');
    await page.click('#start');
    expect(await finished(page)).toBe('The text has 10 characters; give it at least 50.');
    expect(await page.getAttribute('#status', 'data-state')).toBe('failed');
    await page.close();
  });
});
