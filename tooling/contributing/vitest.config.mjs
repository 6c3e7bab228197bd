import { preset } from '@timestep/tooling-vitest';

// It compiles packages and kernels again after every step of the page, on all cores: nothing runs beside it.
export default preset({ name: 'contributing', testTimeout: 600_000, maxWorkers: 1 });
