import { preset } from '@timestep/tooling-vitest';

export default preset({ name: 'misuse', testTimeout: 120_000 });
