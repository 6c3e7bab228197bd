export type { AdapterDescription, AdapterOptions } from './adapter.ts';
export type { WebGpuBackend } from './backend.ts';
export { createWebGpuBackend, type WebGpuBackendOptions } from './create.ts';
export { formatProfile, type KernelProfile, type Profile, type ProfileCounters, type Profiler } from './profiler.ts';
