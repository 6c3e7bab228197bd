import { preset } from '@timestep/tooling-vitest';

export default preset({ name: 'packaging', testTimeout: 180_000, hookTimeout: 180_000 });
