export { default } from '@timestep/tooling-eslint';
