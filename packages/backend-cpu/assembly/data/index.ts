export { copyStrided, copyWords } from './copy';
export { gatherAxis32, gatherRows32 } from './gather';
export { scatterAddAxisFloat, scatterAddAxisInteger, scatterAddRowsFloat, scatterAddRowsInteger } from './scatter-add';
export { transposeMatrices } from './transpose';
