import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const executablePath = process.env.TIMESTEP_CHROMIUM ?? '/usr/bin/chromium';

/** Without these it looks for updates and the like; the sandbox does not work for root in a container. */
const flags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * Headless Chromium has WebGPU by software with these. The last one cuts the time to compile a kernel to a tenth there.
 */
const webGpuFlags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
];

export function missingChromium() {
  if (existsSync(executablePath) || process.env.TIMESTEP_REQUIRE_BROWSER === '1') return null;
  const reason = `no Chromium at ${executablePath}; install Debian's chromium or set TIMESTEP_CHROMIUM`;
  console.log(`skipping the browser tests of this file: ${reason}`);
  return reason;
}

export function launchChromium({ webGpu = false } = {}) {
  return chromium.launch({ executablePath, args: webGpu ? [...flags, ...webGpuFlags] : flags });
}
