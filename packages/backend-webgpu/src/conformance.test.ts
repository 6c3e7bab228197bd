import { testBackend } from '@timestep/backend-conformance';
import { describe } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { missingAdapter } from './test-support/adapter.ts';

const missing = await missingAdapter(true);

describe.skipIf(missing !== null)('in Node on Dawn', () => {
  // Every operation of the contract, fused and through core's fallbacks, in every variant.
  testBackend({ name: 'webgpu', create: createWebGpuBackend, required: [''] }, { timeout: 120_000 });
});
