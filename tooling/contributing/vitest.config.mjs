import { preset } from '@timestep/tooling-vitest';

// It compiles packages and kernels again after every step of the page.
export default preset({ name: 'contributing', testTimeout: 600_000 });
