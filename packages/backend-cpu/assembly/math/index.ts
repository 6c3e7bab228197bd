export { exp, expBounded, expm1 } from './exp';
export { sigmoid, tanh } from './gates';
export { log, log1p } from './log';
