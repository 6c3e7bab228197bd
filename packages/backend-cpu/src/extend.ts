/**
 * For backends that are built on this one: the class to extend, and the engine with its memory, kernels and threads.
 * `@timestep/backend-native` is the example.
 *
 * @packageDocumentation
 */
export { CpuBackend } from './backend.ts';
export { cpuRules, createEngine, type CpuBackendOptions } from './engine/create-engine.ts';
export type { CpuBuffer } from './engine/buffer.ts';
export type { Engine, ExternalProduct } from './engine/engine.ts';
export type { Multiply, OutsideProduct } from './engine/outside.ts';
export { Kept } from './fused/kept.ts';
