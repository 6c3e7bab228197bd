import { preset } from '@timestep/tooling-vitest';

// The page is built and driven through three runs, on a software adapter.
export default preset({ name: 'app-character-model', testTimeout: 180_000, hookTimeout: 180_000 });
