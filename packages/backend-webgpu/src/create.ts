import { checkOptions, is, type OptionRules } from '@timestep/backend-api';
import { openDevice, type AdapterOptions } from './adapter.ts';
import { makeBackend, type WebGpuBackend } from './backend.ts';

/** Options of `createWebGpuBackend`. */
export interface WebGpuBackendOptions extends AdapterOptions {
  /** The number of bytes in freed buffers that are kept for reuse; 1 GiB by default. */
  readonly maxCachedBytes?: number;
  /**
   * The number of arithmetic operations after which encoded work is submitted automatically, so that the driver's
   * watchdog does not mistake a long batch for a hang. 2.5e11 by default: a quarter of a second on a device of
   * 1 TFLOP/s. The profiler counts these submits.
   */
  readonly workPerSubmit?: number;
  /** Measures the GPU time of every dispatch, if the adapter can. Each dispatch then needs its own compute pass. */
  readonly timestamps?: boolean;
}

/** Dawn ends in an error without a code for anything else. */
const isFlag = (value: unknown): string | null =>
  typeof value === 'string' && /^[\w-]+=/.test(value) ? null : 'a flag such as backend=vulkan';

const webGpuRules: OptionRules<WebGpuBackendOptions> = {
  device: is.optional(is.like('a GPUDevice', 'queue', 'createBuffer')),
  gpu: is.optional(is.like('an entry point to WebGPU', 'requestAdapter')),
  powerPreference: is.optional(is.oneOf('low-power', 'high-performance')),
  requireHardware: is.optional(is.boolean),
  dawnFlags: is.optional(is.arrayOf(isFlag, 'an array of flags')),
  maxCachedBytes: is.optional(is.number({ min: 0, infinite: true })),
  workPerSubmit: is.optional(is.number({ above: 0, infinite: true })),
  timestamps: is.optional(is.boolean),
};

/**
 * Creates a WebGPU backend. It uses `navigator.gpu` in a browser and the npm package `webgpu` (Dawn) in Node.
 *
 * @example
 * ```ts
 * const backend = await createWebGpuBackend({ powerPreference: 'high-performance' });
 * console.log(backend.capabilities.device); // such as 'SwiftShader driver 5.0.0 (software)'
 * await backend.dispose();
 * ```
 *
 * @param options the adapter or device to use, and the limits of the backend
 * @returns the backend; `await using` or `dispose()` destroys its device
 * @throws DeviceError `NO_DEVICE` if there is no adapter, or only a software one and `requireHardware` is set
 * @throws ArgumentError for a value out of range
 */
export async function createWebGpuBackend(options: WebGpuBackendOptions = {}): Promise<WebGpuBackend> {
  checkOptions('createWebGpuBackend', options, webGpuRules);
  const { maxCachedBytes = 2 ** 30, workPerSubmit = 2.5e11, timestamps = false } = options;
  const open = await openDevice(options);
  return makeBackend(open, {
    maxCachedBytes,
    workPerSubmit,
    timestamps: timestamps && open.device.features.has('timestamp-query'),
  });
}
