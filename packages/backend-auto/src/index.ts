export { createBackend, type CreateBackendOptions } from './create-backend.ts';
export { backendNames, type BackendChoice, type BackendName, type PassedOver } from './choice.ts';
