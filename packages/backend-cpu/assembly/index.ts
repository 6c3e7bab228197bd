// Every function exported from here is a kernel: `engine.kernels.name(…)` calls it directly, `engine.run('name', …)`
// splits it over the threads if it has the signature (args, part, parts). KERNELS.md has the conventions.

/** The first address that the module itself does not use. */
export function heapBase(): usize {
  return __heap_base;
}

export * from './data';
export * from './elementwise';
export * from './random';
export * from './reduce';
export * from './sequence';
export * from './matmul';
export * from './ctc';
export * from './rows';
export * from './optimizer';
export * from './scan';
