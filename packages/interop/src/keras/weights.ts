import { show } from '@timestep/core';
import { Embedding, GRU, LayerNorm, Linear, LSTM, RNN, type LoadableTensor, type Module } from '@timestep/layers';
import { InteropError, ensure } from '../errors.ts';
import type { Hdf5Dataset, Hdf5Datasets } from '../hdf5/types.ts';
import { permuteBlocks, transposed } from '../onnx/gates.ts';

type Recurrence = LSTM | GRU | RNN;
type Entries = Record<string, LoadableTensor>;

/**
 * Where the gates of Keras stand in our order, i, f, c, o of i, f, g, o and z, r, h of r, z, n: `ours[k] =
 * theirs[order[k]]`.
 */
function gateOrder(layer: Recurrence): readonly number[] {
  if (layer instanceof LSTM) return [0, 1, 2, 3];
  return layer instanceof GRU ? [1, 0, 2] : [0];
}

/** The weights of one layer of a file, found by name and checked. */
class Group {
  readonly path: string;
  readonly #datasets: Hdf5Datasets;

  constructor(datasets: Hdf5Datasets, path: string) {
    this.#datasets = datasets;
    this.path = path;
  }

  has(name: string): boolean {
    return this.#datasets.has(`${this.path}/${name}`);
  }

  take(name: string, shape: readonly number[]): Float32Array {
    const found = this.#find(name);
    ensure(
      show(found.shape) === show(shape),
      'INVALID_TENSOR',
      () =>
        `[keras] expected '${this.path}/${name}' of shape ${show(shape)}, got ${show(found.shape)}; build the layer with the sizes it was saved with`,
    );
    return found.data;
  }

  shapeOf(name: string): readonly number[] {
    return this.#find(name).shape;
  }

  #find(name: string): Hdf5Dataset {
    const found = this.#datasets.get(`${this.path}/${name}`);
    if (!found)
      throw new InteropError(
        'MISSING_TENSOR',
        `[keras] the file holds no '${this.path}/${name}'; it has ${sample([...this.#datasets.keys()])}`,
      );
    return found;
  }
}

function sample(names: readonly string[]): string {
  return names.length === 0
    ? 'no weights at all'
    : names.length > 6
      ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more`
      : names.join(', ');
}

/** The sizes of the first matrix of a layer: `[input, output]`. */
export function matrixShape(datasets: Hdf5Datasets, path: string): readonly [number, number] {
  const at = path.lastIndexOf('/vars/');
  const shape = new Group(datasets, path.slice(0, at)).shapeOf(path.slice(at + 1));
  ensure(
    shape.length === 2 && !shape.includes(0),
    'INVALID_TENSOR',
    () => `[keras] expected '${path}' to be a matrix, got shape ${show(shape)}`,
  );
  return shape as readonly [number, number];
}

function recurrentEntries(group: Group, layer: Recurrence, suffix: string): Entries {
  const order = gateOrder(layer);
  const [D, H, G] = [layer.inputSize, layer.hiddenSize, order.length];
  const matrix = (name: string, rows: number): LoadableTensor => ({
    shape: [G * H, rows],
    data: permuteBlocks(transposed(group.take(name, [rows, G * H]), rows, G * H), order),
  });
  const vector = (data: Float32Array): LoadableTensor => ({ shape: [G * H], data: permuteBlocks(data, order) });
  const entries: Entries = {
    [`weight_ih_l0${suffix}`]: matrix('cell/vars/0', D),
    [`weight_hh_l0${suffix}`]: matrix('cell/vars/1', H),
  };
  if (!('bias_ih_l0' in layer)) return entries;
  // Keras has the second bias only where the reset gate stands behind the product.
  const both = layer instanceof GRU && group.has('cell/vars/2') && group.shapeOf('cell/vars/2').length === 2;
  const biases = group.take('cell/vars/2', both ? [2, G * H] : [G * H]);
  return {
    ...entries,
    [`bias_ih_l0${suffix}`]: vector(biases.slice(0, G * H)),
    [`bias_hh_l0${suffix}`]: vector(both ? biases.slice(G * H) : new Float32Array(G * H)),
  };
}

function linearEntries(group: Group, { inputSize, outputSize, bias }: Linear): Entries {
  const weight = {
    shape: [outputSize, inputSize],
    data: transposed(group.take('vars/0', [inputSize, outputSize]), inputSize, outputSize),
  };
  return bias ? { weight, bias: { shape: [outputSize], data: group.take('vars/1', [outputSize]) } } : { weight };
}

function entriesOf(datasets: Hdf5Datasets, name: string, module: Module): Entries {
  const path = `layers/${name}`;
  const group = new Group(datasets, path);
  if (module instanceof Embedding)
    return { weight: { shape: module.weight.shape, data: group.take('vars/0', module.weight.shape) } };
  if (module instanceof Linear)
    return linearEntries(name.startsWith('time_distributed') ? new Group(datasets, `${path}/layer`) : group, module);
  if (module instanceof LayerNorm) {
    const part = (place: number): LoadableTensor => ({
      shape: [module.size],
      data: group.take(`vars/${place}`, [module.size]),
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
    if (!module.bidirectional) return recurrentEntries(group, module, '');
    return {
      ...recurrentEntries(new Group(datasets, `${path}/forward_layer`), module, ''),
      ...recurrentEntries(new Group(datasets, `${path}/backward_layer`), module, '_reverse'),
    };
  }
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[keras] there is no Keras form of ${module.constructor.name}, given for '${name}'`,
  );
}

/**
 * Loads weights that Keras 3 saved into layers, all or nothing: kernels are transposed, gates put in our order, and the
 * one bias of an LSTM becomes the first of two.
 *
 * @param datasets the contents of a `.weights.h5` file, by an {@link Hdf5Reader}
 * @param layers by Keras's name of their place in the file, which is the class and a count: `lstm`, `dense_1`,
 *   `bidirectional`, `time_distributed`
 * @throws InteropError `MISSING_TENSOR`, `INVALID_TENSOR`, or `UNSUPPORTED_MODEL` for a layer without a Keras form
 * @example
 * loadKerasWeights(await readHdf5(bytes), { embedding, bidirectional: lstm, dense: head });
 */
export function loadKerasWeights(datasets: Hdf5Datasets, layers: Readonly<Record<string, Module>>): void {
  const loads = Object.entries(layers).map(([name, module]) => ({
    module,
    entries: entriesOf(datasets, name, module),
  }));
  for (const { module, entries } of loads) module.loadStateDict(entries);
}
