export { adamBlocks } from './adam';
export { normBlocks, normFactor } from './global-norm';
export { sgdBlocks } from './sgd';
