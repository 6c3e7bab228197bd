import { preset } from '@timestep/tooling-vitest';

export default preset({ name: 'fuzz', testTimeout: 180_000 });
