export { createReferenceBackend, type ReferenceBackend } from './backend.ts';
export { threefryBlock } from './threefry.ts';
