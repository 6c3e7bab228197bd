export { createNativeBackend, type NativeBackend, type NativeBackendOptions } from './backend.ts';
export type { LibraryChoice } from './libraries/load.ts';
