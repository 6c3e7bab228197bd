import * as backendApi from '@timestep/backend-api';
import * as auto from '@timestep/backend-auto';
import * as cpu from '@timestep/backend-cpu';
import * as native from '@timestep/backend-native';
import * as webgpu from '@timestep/backend-webgpu';
import type { Entry } from '../mutations.ts';
import { entry, reasons } from './entry.ts';

export const backendApiTable: readonly Entry[] = [
  entry(
    'toBytes',
    (bytes: Uint8Array) => backendApi.toBytes('test', bytes),
    () => [new Uint8Array(2)],
    {
      also: { '0': ['ArrayBuffer'] },
    },
  ),
  entry(
    'checkOptions',
    (options: object) => backendApi.checkOptions('test', options, { a: backendApi.is.number() }),
    () => [{ a: 1 }],
  ),
  entry('describe', backendApi.describe, () => [1], { also: { '0': ['any'] } }),
  entry(
    'checkAllocation',
    (dtype: backendApi.DType, length: number) => backendApi.checkAllocation('test', dtype, length, 99),
    () => ['f32', 3],
  ),
];

export const backendApiWithout: Readonly<Record<string, string>> = {
  ...reasons(
    'an error class: every message is fine',
    'ArgumentError',
    'DeviceError',
    'DisposedError',
    'DTypeError',
    'OutOfMemoryError',
    'ShapeError',
    'TimestepError',
    'UnsupportedError',
  ),
  ...reasons(
    'for those who write checks and backends, where types are checked by the compiler',
    'checkValue',
    'findIndexFault',
    'indexError',
    'nearestName',
  ),
};

export const cpuTable: readonly Entry[] = [
  entry(
    'createCpuBackend',
    async (options: cpu.CpuBackendOptions) => (await cpu.createCpuBackend(options)).dispose(),
    () => [{ threads: 1, relaxedSimd: false, maxMemoryBytes: 2 ** 24 }],
    { also: { relaxedSimd: ['string'] } },
  ),
];

const cpuOptions = () => ({ threads: 1, relaxedSimd: false, maxMemoryBytes: 2 ** 24 });
/** An entry point to WebGPU on a machine without a device: right options end in the error that says so. */
const noGpu = () => ({ requestAdapter: () => Promise.resolve(null) });
const made = async (backend: Promise<backendApi.Backend>) => {
  try {
    await (await backend).dispose();
  } catch (error) {
    if (!(error instanceof backendApi.DeviceError && error.code === 'NO_DEVICE')) throw error;
  }
};

/** Where `gpu` is left out, the real device would be opened for every call. */
const createWithoutDevice = (options: webgpu.WebGpuBackendOptions) =>
  options === undefined || (Object(options) === options && options.gpu === undefined && 'gpu' in options)
    ? webgpu.createWebGpuBackend({ ...options, gpu: noGpu() as never })
    : webgpu.createWebGpuBackend(options);

export const nativeTable: readonly Entry[] = [
  entry(
    'createNativeBackend',
    (options: native.NativeBackendOptions) => made(native.createNativeBackend(options)),
    () => [{ ...cpuOptions(), library: 'blas', path: '/nonexistent/library.so', threshold: 1 }],
    { also: { relaxedSimd: ['string'] } },
  ),
];

export const webGpuTable: readonly Entry[] = [
  entry(
    'createWebGpuBackend',
    (options: webgpu.WebGpuBackendOptions) => made(createWithoutDevice(options)),
    () => [
      {
        gpu: noGpu(),
        powerPreference: 'low-power',
        requireHardware: false,
        dawnFlags: ['a=b'],
        maxCachedBytes: 9,
        workPerSubmit: 9,
        timestamps: false,
      },
    ],
  ),
  entry('formatProfile', webgpu.formatProfile, () => [{ counters: {}, kernels: [] }], { open: [0] }),
];

export const autoTable: readonly Entry[] = [
  entry(
    'createBackend',
    (name: 'cpu', options: object) => made(auto.createBackend(name, options)),
    () => ['cpu', { cpu: cpuOptions(), native: {}, webgpu: {}, onChoice: () => undefined }],
    { open: [] },
  ),
];
