export * from './checks.ts';
export { testBackend } from './test-backend.ts';
