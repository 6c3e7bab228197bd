export { exp, expBounded, expm1, expm1Bounded } from './exp';
export { sigmoid, tanh } from './gates';
export { log, log1p } from './log';
export { power } from './power';
export { softplus } from './softplus';
export { cos, sin } from './trigonometry';
