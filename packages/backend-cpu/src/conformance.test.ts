import { testBackend } from '@timestep/backend-conformance';
import { createCpuBackend, type CpuBackendOptions } from './index.ts';

const variants: readonly { readonly name: string; readonly options: CpuBackendOptions }[] = [
  { name: 'cpu, 1 thread', options: { threads: 1 } },
  { name: 'cpu, 2 threads', options: { threads: 2 } },
  { name: 'cpu, 2 threads, without relaxed SIMD', options: { threads: 2, relaxedSimd: false } },
];

// `required: ['']`: this backend has every operation of the contract, in every variant.
for (const { name, options } of variants) {
  testBackend({ name, create: () => createCpuBackend(options), required: [''] });
}
