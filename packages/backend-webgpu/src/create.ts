import { ArgumentError } from '@timestep/backend-api';
import { openDevice, type AdapterOptions } from './adapter.ts';
import { makeBackend, type WebGpuBackend } from './backend.ts';

export interface WebGpuBackendOptions extends AdapterOptions {
  /** Bytes of freed buffers kept for reuse; 1 GiB by default. */
  readonly maxCachedBytes?: number;
  /**
   * Operations encoded before a submit is made unasked, so that no watchdog of the driver takes a long batch for a
   * hang; 2.5e11 by default, a quarter of a second on a device of 1 TFLOP/s. The profiler counts such submits.
   */
  readonly workPerSubmit?: number;
  /** Time every dispatch on the GPU, where the adapter can. It costs a compute pass for each. */
  readonly timestamps?: boolean;
}

/**
 * Makes the WebGPU backend: on `navigator.gpu` in a browser, on the npm package `webgpu` (Dawn) in Node.
 *
 * Throws a DeviceError `NO_DEVICE` where there is no adapter, or only a software one and `requireHardware` is set.
 *
 * ```ts
 * const backend = await createWebGpuBackend({ powerPreference: 'high-performance' });
 * console.log(backend.capabilities.device); // such as 'SwiftShader driver 5.0.0 (software)'
 * await backend.dispose();
 * ```
 */
export async function createWebGpuBackend(options: WebGpuBackendOptions = {}): Promise<WebGpuBackend> {
  const { maxCachedBytes = 2 ** 30, workPerSubmit = 2.5e11, timestamps = false } = options;
  if (!(maxCachedBytes >= 0))
    throw new ArgumentError(`[webgpu] maxCachedBytes must be at least 0, got ${maxCachedBytes}`);
  if (!(workPerSubmit > 0)) throw new ArgumentError(`[webgpu] workPerSubmit must be positive, got ${workPerSubmit}`);
  const open = await openDevice(options);
  return makeBackend(open, {
    maxCachedBytes,
    workPerSubmit,
    timestamps: timestamps && open.device.features.has('timestamp-query'),
  });
}
