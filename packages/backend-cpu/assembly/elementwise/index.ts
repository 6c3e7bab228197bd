export { fill32 } from './fill';
