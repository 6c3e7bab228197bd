export * from './binary';
export { fill32 } from './fill';
export { select32 } from './select';
export * from './unary';
