export { threefry } from './threefry';
