import { preset } from '@timestep/tooling-vitest';

export default preset({ name: 'app-captioning' });
