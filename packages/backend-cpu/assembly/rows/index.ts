export { crossEntropyRows, crossEntropyRowsBackward } from './cross-entropy';
export { layerNormColumnsBackward, layerNormRows, layerNormRowsBackward } from './layer-norm';
export { logSoftmaxRows, logSoftmaxRowsBackward, softmaxRows, softmaxRowsBackward } from './softmax';
