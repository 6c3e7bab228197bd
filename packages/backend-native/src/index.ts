export type { NativeBackend, NativeBackendOptions } from './backend.ts';
export { createNativeBackend } from './create.ts';
export type { LibraryChoice } from './libraries/load.ts';
