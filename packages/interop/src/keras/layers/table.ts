import type { LayerClass } from '../layer.ts';
import { activationLayers } from './activation.ts';
import { attentionLayers } from './attention.ts';
import { convolutionLayers } from './convolution.ts';
import { coreLayers } from './core.ts';
import { mergeLayers } from './merge.ts';
import { multiHeadLayers } from './multi-head-attention.ts';
import { normalizationLayers } from './normalization.ts';
import { poolingLayers } from './pooling.ts';
import { recurrentLayers } from './recurrent.ts';
import { reshapingLayers } from './reshaping.ts';
import { wrapperLayers } from './wrappers.ts';

/** The layers of Keras that can be read, by class. */
export const layerClasses: ReadonlyMap<string, LayerClass> = new Map(
  Object.entries({
    ...coreLayers,
    ...activationLayers,
    ...normalizationLayers,
    ...reshapingLayers,
    ...mergeLayers,
    ...convolutionLayers,
    ...poolingLayers,
    ...attentionLayers,
    ...multiHeadLayers,
    ...recurrentLayers,
    ...wrapperLayers,
  }),
);
