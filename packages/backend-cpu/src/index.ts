export { createCpuBackend, type CpuBackend } from './backend.ts';
export type { CpuBackendOptions } from './engine/create-engine.ts';
