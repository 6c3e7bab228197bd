export * from './backend.ts';
export * from './dtype.ts';
export * from './errors.ts';
export * from './fused/index.ts';
export * from './memory.ts';
export * from './ops.ts';
export * from './stream.ts';
