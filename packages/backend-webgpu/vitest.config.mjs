import { preset, withWebGpu } from '@timestep/tooling-vitest';

export default preset({
  name: 'backend-webgpu',
  testTimeout: 300_000,
  hookTimeout: 300_000,
  ...withWebGpu(),
});
