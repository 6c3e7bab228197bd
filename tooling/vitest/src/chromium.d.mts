import type { Browser } from 'playwright-core';

/**
 * Says why there is no Chromium here, or null where there is one. With TIMESTEP_REQUIRE_BROWSER=1, as CI sets it, it
 * returns null, so that the tests run and fail where Chromium is missing.
 */
export function missingChromium(): string | null;

/** Starts headless Chromium; with `webGpu` it has an adapter on a machine without a GPU too. */
export function launchChromium(options?: { readonly webGpu?: boolean }): Promise<Browser>;
