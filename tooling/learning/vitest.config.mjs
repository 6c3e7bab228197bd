import { preset } from '@timestep/tooling-vitest';

// A slow machine takes its time: the tests end by steps, not by seconds.
export default preset({ name: 'learning', testTimeout: 600_000 });
