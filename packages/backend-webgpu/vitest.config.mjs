import { existsSync, readdirSync } from 'node:fs';
import { preset } from '@timestep/tooling-vitest';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Without a GPU, and with no driver named by the caller, Dawn is pointed at the software driver that Debian's chromium
 * brings.
 */
function env() {
  const named = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  const nodes = existsSync('/dev/dri') ? readdirSync('/dev/dri') : [];
  const hasGpu = existsSync('/dev/nvidia0') || nodes.some((name) => name.startsWith('render'));
  return named === undefined && !hasGpu && existsSync(swiftShader)
    ? { VK_ICD_FILENAMES: swiftShader, VK_LOADER_LAYERS_DISABLE: '~implicit~' }
    : {};
}

// Drivers read the environment of the process, which worker threads do not change: forked processes it is.
export default preset({
  name: 'backend-webgpu',
  testTimeout: 300_000,
  hookTimeout: 300_000,
  pool: 'forks',
  env: env(),
});
