import { preset } from '@timestep/tooling-vitest';

export default preset({ name: 'backend-cpu', globalSetup: ['scripts/fresh-kernels.mjs'] });
