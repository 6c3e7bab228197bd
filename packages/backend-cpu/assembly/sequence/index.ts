export { inputGradient, previousRows } from './gradients';
export { gruBackward } from './gru-backward';
export { gruForward } from './gru-forward';
export { lstmBackward, peepholeGradient } from './lstm-backward';
export { lstmForward } from './lstm-forward';
export { packBias, packPanels } from './pack';
export { rnnBackward, rnnForward } from './rnn';
export { layOutSequences } from './sequence';
export { weightGradient, weightGradientScratch } from './weight-gradient';
