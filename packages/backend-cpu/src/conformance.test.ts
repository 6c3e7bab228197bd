import { testBackend } from '@timestep/backend-conformance';
import { createCpuBackend } from './index.ts';

// Everything that the contract has is required here, with one thread and with two.
for (const threads of [1, 2]) {
  testBackend({ name: `cpu, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, create: () => createCpuBackend({ threads }) });
}
