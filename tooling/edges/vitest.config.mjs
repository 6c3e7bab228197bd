import { preset, withWebGpu } from '@timestep/tooling-vitest';

export default preset({ name: 'edges', ...withWebGpu() });
