export { gemmScratchBytes } from './gemm';
export { matmulParts } from './parts';
export { vectorParts } from './vector';
