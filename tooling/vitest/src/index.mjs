import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The preset of every package's vitest.config.mjs: tests run against the sources of all packages (the
 * `@timestep/source` export condition), so that a change is seen without a build.
 *
 * @param {{ name: string, testTimeout?: number, include?: string[], poolOptions?: object }} options
 */
export function preset({ name, testTimeout = 60_000, include = ['src/**/*.test.ts'], ...rest }) {
  const conditions = ['@timestep/source', 'node', 'import', 'module', 'default'];
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    // Vitest leaves one core free by default, which is half of a machine with two.
    test: { name, include, testTimeout, environment: 'node', maxWorkers: availableParallelism(), ...rest },
  };
}

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * For the tests that ask for a WebGPU device: without a GPU, and with no driver named by the caller, Dawn is pointed at
 * the software driver that Debian's chromium brings. A driver reads the environment of the process, which worker threads
 * do not change, so the tests run in forked processes.
 */
export function withWebGpu() {
  const named = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  const nodes = existsSync('/dev/dri') ? readdirSync('/dev/dri') : [];
  const hasGpu = existsSync('/dev/nvidia0') || nodes.some((name) => name.startsWith('render'));
  const env =
    named === undefined && !hasGpu && existsSync(swiftShader)
      ? { VK_ICD_FILENAMES: swiftShader, VK_LOADER_LAYERS_DISABLE: '~implicit~' }
      : {};
  return { pool: 'forks', env };
}
