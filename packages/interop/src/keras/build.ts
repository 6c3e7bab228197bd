import { relu, sigmoid, softmax, softplus, tanh, type Backend, type Tensor } from '@timestep/core';
import { Dropout, Embedding, GRU, LayerNorm, Linear, LSTM, RNN, type Module, type StageModule } from '@timestep/layers';
import { InteropError, ensure } from '../errors.ts';
import type { Hdf5Datasets } from '../hdf5/types.ts';
import { snakeCase, type KerasDenseConfig, type KerasLayerConfig, type KerasRecurrentConfig } from './config.ts';
import { isMergeMode, KerasRecurrent, type MergeMode } from './recurrent-stage.ts';
import { matrixShape } from './weights.ts';

/** A layer of the model, and the function behind it. */
export interface KerasStage {
  /** Keras's name of its place in the file of the weights. */
  readonly place: string;
  readonly module: StageModule | null;
  /** The module that the weights of this place go into. */
  readonly weights: Module | null;
  readonly activation: ((x: Tensor) => Tensor) | null;
}

const activations: ReadonlyMap<string, ((x: Tensor) => Tensor) | null> = new Map<
  string,
  ((x: Tensor) => Tensor) | null
>([
  ['linear', null],
  ['relu', relu],
  ['sigmoid', sigmoid],
  ['softmax', (x) => softmax(x)],
  ['softplus', softplus],
  ['tanh', tanh],
]);

function activationOf(name: string, where: string): ((x: Tensor) => Tensor) | null {
  const found = activations.get(name);
  if (found === undefined)
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[keras] ${where} has the activation ${name}; ${[...activations.keys()].join(', ')} are known`,
    );
  return found;
}

/** Makes the layers of a model, with the sizes of its weights; those of inputs are no layers here. */
export function buildStages(
  layers: readonly KerasLayerConfig[],
  datasets: Hdf5Datasets,
  backend: Backend,
): KerasStage[] {
  const stages: KerasStage[] = [];
  try {
    for (const { layer, place } of placed(layers)) {
      if (layer.class_name !== 'InputLayer') stages.push({ place, ...build(layer, place, datasets, backend) });
    }
    return stages;
  } catch (error) {
    for (const { module } of stages) module?.dispose();
    throw error;
  }
}

/** Keras's name of each layer's place: its class, and a count from the second on. */
function placed(layers: readonly KerasLayerConfig[]): { layer: KerasLayerConfig; place: string }[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const stem = snakeCase(layer.class_name);
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return { layer, place: count === 0 ? stem : `${stem}_${count}` };
  });
}

function build(
  layer: KerasLayerConfig,
  place: string,
  datasets: Hdf5Datasets,
  backend: Backend,
): Omit<KerasStage, 'place'> {
  const path = `layers/${place}`;
  const { name } = layer.config;
  switch (layer.class_name) {
    case 'InputLayer':
      return { module: null, weights: null, activation: null };
    case 'Activation':
      return { module: null, weights: null, activation: activationOf(layer.config.activation, `'${name}'`) };
    case 'Dropout':
      return stage(new Dropout({ rate: layer.config.rate }), null);
    case 'Dense':
      return dense(layer, `${path}/vars/0`, datasets, backend);
    case 'TimeDistributed':
      return dense(layer.config.layer, `${path}/layer/vars/0`, datasets, backend);
    case 'Embedding': {
      const [numEmbeddings, embeddingSize] = matrixShape(datasets, `${path}/vars/0`);
      return stage(new Embedding({ backend, numEmbeddings, embeddingSize }));
    }
    case 'LayerNormalization': {
      const { epsilon, center, scale, rms_scaling, axis } = layer.config;
      // An axis that is counted from the front is the last one of [N, T, D].
      ensure(
        [axis].flat().every((one) => one === -1 || one === 2) && [axis].flat().length === 1,
        'UNSUPPORTED_MODEL',
        () => `[keras] '${name}' normalises over axis ${[axis].flat().join(', ')}; here it is always the last one`,
      );
      ensure(
        center && scale && !rms_scaling,
        'UNSUPPORTED_MODEL',
        () => `[keras] '${name}' does not both scale and shift; there is no such norm here`,
      );
      const size = datasets.get(`${path}/vars/0`)?.shape[0];
      ensure(
        size !== undefined,
        'MISSING_TENSOR',
        () => `[keras] the file holds no '${path}/vars/0', from which the size of '${name}' would be known`,
      );
      return stage(new LayerNorm({ backend, size, epsilon }));
    }
    case 'Bidirectional':
      return bidirectional(layer.config, path, datasets, backend);
    default:
      ensure(
        !layer.config.go_backwards,
        'UNSUPPORTED_MODEL',
        () => `[keras] '${name}' goes backwards; wrap it in Bidirectional, or reverse its input`,
      );
      return recurrent(layer, `${path}/cell/vars/0`, false, 'concat', datasets, backend);
  }
}

function stage(module: StageModule, weights: Module | null = module): Omit<KerasStage, 'place'> {
  return { module, weights, activation: null };
}

function dense(
  { config }: KerasDenseConfig,
  path: string,
  datasets: Hdf5Datasets,
  backend: Backend,
): Omit<KerasStage, 'place'> {
  const activation = activationOf(config.activation, `'${config.name}'`);
  const [inputSize, outputSize] = matrixShape(datasets, path);
  return { ...stage(new Linear({ backend, inputSize, outputSize, bias: config.use_bias })), activation };
}

function bidirectional(
  config: Extract<KerasLayerConfig, { class_name: 'Bidirectional' }>['config'],
  path: string,
  datasets: Hdf5Datasets,
  backend: Backend,
): Omit<KerasStage, 'place'> {
  const { name, merge_mode, layer, backward_layer: back = layer } = config;
  const [here, there] = [layer, back].map(
    ({ class_name, config: { name: _name, go_backwards: _backwards, ...rest } }) => JSON.stringify([class_name, rest]),
  );
  ensure(
    here === there,
    'UNSUPPORTED_MODEL',
    () => `[keras] the two directions of '${name}' differ in more than their weights`,
  );
  ensure(
    isMergeMode(merge_mode),
    'UNSUPPORTED_MODEL',
    () => `[keras] '${name}' has merge_mode ${merge_mode}; concat, sum, ave and mul are known`,
  );
  return recurrent(layer, `${path}/forward_layer/cell/vars/0`, true, merge_mode, datasets, backend);
}

function recurrent(
  layer: KerasRecurrentConfig,
  path: string,
  both: boolean,
  mergeMode: MergeMode,
  datasets: Hdf5Datasets,
  backend: Backend,
): Omit<KerasStage, 'place'> {
  const { name, activation, use_bias: bias, units: hiddenSize, return_state, return_sequences } = layer.config;
  const isRelu = layer.class_name === 'SimpleRNN' && activation === 'relu';
  const gate = 'recurrent_activation' in layer.config ? layer.config.recurrent_activation : 'sigmoid';
  ensure(
    (activation === 'tanh' || isRelu) && gate === 'sigmoid',
    'UNSUPPORTED_MODEL',
    () =>
      `[keras] '${name}' has the activations ${activation} and ${gate}; tanh and sigmoid are known, and relu for a SimpleRNN`,
  );
  ensure(
    !return_state,
    'UNSUPPORTED_MODEL',
    () => `[keras] '${name}' returns its state beside its output; only chains of layers can be read`,
  );
  const options = { backend, inputSize: matrixShape(datasets, path)[0], hiddenSize, bias, bidirectional: both };
  const module =
    layer.class_name === 'LSTM'
      ? new LSTM(options)
      : layer.class_name === 'GRU'
        ? new GRU({ ...options, reset: layer.config.reset_after ? 'after' : 'before' })
        : new RNN({ ...options, activation: isRelu ? 'relu' : 'tanh' });
  return stage(new KerasRecurrent(module, return_sequences, mergeMode), module);
}
