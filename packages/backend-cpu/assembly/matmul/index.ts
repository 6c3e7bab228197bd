export { gemmScratchBytes } from './gemm';
export { matmulParts } from './parts';
