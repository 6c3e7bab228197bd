import * as backendApi from '@timestep/backend-api';
import * as cpu from '@timestep/backend-cpu';
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
