import { checkValue, is } from '@timestep/core';
import { GRU, LayerNorm, Linear, LSTM, RNN, Embedding, type LoadableTensor, type Module } from '@timestep/layers';
import { InteropError, ensure } from '../errors.ts';
import type { Hdf5Datasets } from '../hdf5/types.ts';
import { permuteBlocks, transposed } from '../onnx/gates.ts';
import { WeightReader } from './weight-reader.ts';

const moduleRule = is.like('a module of @timestep/layers', 'stateDict', 'loadStateDict');

export type Recurrence = LSTM | GRU | RNN;
type Entries = Record<string, LoadableTensor>;

/**
 * The order of the gates: `ours[k] = keras[order[k]]`. For an LSTM, Keras has i, f, c, o and we have i, f, g, o; for a
 * GRU, Keras has z, r, h and we have r, z, n.
 */
function gateOrder(layer: Recurrence): readonly number[] {
  if (layer instanceof LSTM) return [0, 1, 2, 3];
  return layer instanceof GRU ? [1, 0, 2] : [0];
}

/**
 * Converts the arrays of a cell to the entries of a layer: it transposes kernels, reorders gates, and makes one bias the
 * first of two.
 *
 * @param suffix of the entries, `_reverse` for the second direction
 */
export function recurrentEntries(cell: WeightReader, layer: Recurrence, suffix: string): Entries {
  const order = gateOrder(layer);
  const [D, H, G] = [layer.inputSize, layer.hiddenSize, order.length];
  const matrix = (name: string, rows: number): LoadableTensor => ({
    shape: [G * H, rows],
    data: permuteBlocks(transposed(cell.take(name, [rows, G * H]).data, rows, G * H), order),
  });
  const vector = (data: Float32Array): LoadableTensor => ({ shape: [G * H], data: permuteBlocks(data, order) });
  const entries: Entries = {
    [`weight_ih_l0${suffix}`]: matrix('vars/0', D),
    [`weight_hh_l0${suffix}`]: matrix('vars/1', H),
  };
  if (!('bias_ih_l0' in layer)) return entries;
  // Keras has a second bias only if the reset gate comes after the product.
  const both = layer instanceof GRU && cell.has('vars/2') && cell.shapeOf('vars/2').length === 2;
  const { data } = cell.take('vars/2', both ? [2, G * H] : [G * H]);
  return {
    ...entries,
    [`bias_ih_l0${suffix}`]: vector(data.slice(0, G * H)),
    [`bias_hh_l0${suffix}`]: vector(both ? data.slice(G * H) : new Float32Array(G * H)),
  };
}

function linearEntries(weights: WeightReader, { inputSize, outputSize, bias }: Linear): Entries {
  const { data } = weights.take('vars/0', [inputSize, outputSize]);
  const weight = { shape: [outputSize, inputSize], data: transposed(data, inputSize, outputSize) };
  return bias ? { weight, bias: { shape: [outputSize], data: weights.take('vars/1', [outputSize]).data } } : { weight };
}

function entriesOf(weights: WeightReader, name: string, module: Module): Entries {
  if (module instanceof Embedding)
    return { weight: { shape: module.weight.shape, data: weights.take('vars/0', module.weight.shape).data } };
  if (module instanceof Linear)
    return linearEntries(name.startsWith('time_distributed') ? weights.at('layer') : weights, module);
  if (module instanceof LayerNorm) {
    const part = (place: number): LoadableTensor => ({
      shape: [module.size],
      data: weights.take(`vars/${place}`, [module.size]).data,
    });
    return { weight: part(0), bias: part(1) };
  }
  if (module instanceof LSTM || module instanceof GRU || module instanceof RNN) {
    ensure(
      module.numLayers === 1,
      'UNSUPPORTED_MODEL',
      () =>
        `[keras] a layer of Keras is one layer, the module for '${name}' has ${module.numLayers}; give each its own`,
    );
    if (!module.bidirectional) return recurrentEntries(weights.at('cell'), module, '');
    return {
      ...recurrentEntries(weights.at('forward_layer/cell'), module, ''),
      ...recurrentEntries(weights.at('backward_layer/cell'), module, '_reverse'),
    };
  }
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[keras] the module for '${name}' cannot be loaded from Keras; LSTM, GRU, RNN, Linear, Embedding and LayerNorm can`,
  );
}

/**
 * Loads weights of Keras 3 into your layers. It transposes kernels, reorders gates, and makes the single bias of an LSTM
 * the first of two. If anything does not match, no layer is changed.
 *
 * @param datasets the contents of a `.weights.h5` file, from an {@link Hdf5Reader}
 * @param layers the layers by Keras's names of their positions in the file, a class and a count: `lstm`, `dense_1`,
 *   `bidirectional`, `time_distributed`
 * @throws InteropError `MISSING_TENSOR`, `INVALID_TENSOR`, or `UNSUPPORTED_MODEL` for a layer that cannot be loaded from
 *   Keras and for an array that no layer reads
 * @example
 * loadKerasWeights(await readHdf5(bytes), { embedding, bidirectional: lstm, dense: head });
 */
export function loadKerasWeights(datasets: Hdf5Datasets, layers: Readonly<Record<string, Module>>): void {
  checkValue('loadKerasWeights', 'datasets', datasets, is.like('the datasets of a reader, a Map', 'get', 'keys'));
  checkValue('loadKerasWeights', 'layers', layers, is.object);
  for (const [name, layer] of Object.entries(layers)) checkValue('loadKerasWeights', name, layer, moduleRule);
  const weights = new WeightReader(datasets);
  ignoreTrainingArrays(weights);
  const loads = Object.entries(layers).map(([name, module]) => ({
    module,
    entries: entriesOf(weights.at(`layers/${name}`), name, module),
  }));
  for (const name of Object.keys(layers)) weights.at(`layers/${name}`).end();
  for (const { module, entries } of loads) module.loadStateDict(entries);
}

/** The parts of a file other than the model: the optimizer, metrics, and random generators. */
export function ignoreTrainingArrays(weights: WeightReader): void {
  for (const folder of ['optimizer', 'metrics', 'compile_metrics', 'seed_generator', '_tracker'])
    weights.ignore(folder);
}
