import { add, affine, matmul, multiply, slice, type State, type Tensor } from '@timestep/core';
import { GRU, LSTM, RNN, type Module, type Recurrent } from '@timestep/layers';
import * as v from 'valibot';
import { ensure, InteropError } from '../errors.ts';
import { activationOf } from './activations.ts';
import { anyRecord } from './config-reader.ts';
import { KerasParameters, type LayerSource } from './layer.ts';
import { ignoreTraining, zeroed } from './layers/core.ts';
import { recurrentEntries, type Recurrence } from './weights.ts';

/** A cell of Keras: one step, and a whole sequence if a layer of `@timestep/layers` computes the same. */
export interface KerasCell {
  /** The size of each part of the state. */
  readonly stateSizes: readonly number[];
  /** P */
  readonly outputSize: number;
  /** The index of the part of the state that is the output: h of the last cell. */
  readonly outputPart: number;
  readonly modules: readonly (readonly [name: string, module: Module])[];
  /** x `[N, D]` */
  step(x: Tensor, state: readonly Tensor[]): readonly Tensor[];
  /** x `[T, N, D]` */
  readonly sequence?: (x: Tensor, options: CellSequence) => { output: Tensor; state: readonly Tensor[] };
}

export interface CellSequence {
  readonly state: readonly Tensor[] | null;
  readonly lengths: ArrayLike<number> | null;
  readonly reverse: boolean;
}

const gateCounts: Readonly<Record<string, number>> = { LSTM: 4, GRU: 3, SimpleRNN: 1 };

/** Builds a cell, or a stack of cells, from a configuration. */
export function buildCell(source: LayerSource): KerasCell {
  if (source.className === 'StackedRNNCells') return buildStack(source);
  const kind = source.className.replace(/Cell$/, '');
  const gates = gateCounts[kind];
  if (gates === undefined)
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[keras] ${source.where} has the cell ${source.className}; LSTMCell, GRUCell, SimpleRNNCell and StackedRNNCells are known`,
    );
  const { config, weights, builder, where } = source;
  ignoreTraining(source, 'kernel', 'recurrent', 'bias');
  config.ignore('seed', 'unit_forget_bias', 'implementation');
  weights.ignore('seed_generator');
  const rates = ['dropout', 'recurrent_dropout'].map((key) => config.number(key, 0));
  if (rates.some((rate) => rate > 0)) builder.note(`${where} (dropout inside its cell)`);
  const units = config.size('units');
  const useBias = config.flag('use_bias', true);
  const resetAfter = kind === 'GRU' && config.flag('reset_after', true);
  const activation = activationOf(source);
  const gate = kind === 'SimpleRNN' ? null : activationOf(source, 'recurrent_activation');
  const names = [config.get('activation', v.unknown()), gate && config.get('recurrent_activation', v.unknown())];
  const arrays = {
    kernel: weights.take('vars/0', [null, gates * units]),
    recurrent_kernel: weights.take('vars/1', [units, gates * units]),
    bias: useBias ? weights.take('vars/2', resetAfter ? [2, gates * units] : [gates * units]) : null,
  };
  const usual =
    (names[0] === 'tanh' || (kind === 'SimpleRNN' && names[0] === 'relu')) && (!gate || names[1] === 'sigmoid');
  if (usual) {
    const options = {
      backend: builder.backend,
      inputSize: arrays.kernel.shape[0]!,
      hiddenSize: units,
      bias: useBias,
      initializer: zeroed,
      recurrentInitializer: zeroed,
    };
    const layer = builder.own<Recurrence>(
      kind === 'LSTM'
        ? new LSTM(options)
        : kind === 'GRU'
          ? new GRU({ ...options, reset: resetAfter ? 'after' : 'before' })
          : new RNN({ ...options, activation: names[0] as 'tanh' | 'relu' }),
    );
    layer.loadStateDict(recurrentEntries(weights, layer, ''));
    return layerCell(layer);
  }
  const parameters = builder.own(new KerasParameters(builder.backend, arrays));
  const equations = { LSTM: lstmStep, GRU: resetAfter ? gruAfterStep : gruBeforeStep, SimpleRNN: simpleStep };
  const step = equations[kind as keyof typeof equations];
  return {
    stateSizes: kind === 'LSTM' ? [units, units] : [units],
    outputSize: units,
    outputPart: 0,
    modules: [['', parameters]],
    step: (x, state) => step({ parameters, units, activation, gate: gate ?? activation }, x, state),
  };
}

function layerCell(layer: Recurrence): KerasCell {
  // `Recurrence` hides the type of the state; every layer that is read as a cell is a `Recurrent` of one cell.
  const [cell] = (layer as unknown as Recurrent<State>).cells;
  const names = layer instanceof LSTM ? ['h', 'c'] : ['h'];
  const named = (state: readonly Tensor[]) => Object.fromEntries(names.map((name, k) => [name, state[k]!]));
  const listed = (state: State) => names.map((name) => state[name]!);
  return {
    stateSizes: names.map(() => layer.hiddenSize),
    outputSize: layer.hiddenSize,
    outputPart: 0,
    modules: [['', layer]],
    step: (x, state) => listed(cell!.step(x, named(state)).state),
    sequence: (x, { state, lengths, reverse }) => {
      const made = cell!.sequence(x, { state: state && named(state), lengths, reverse });
      return { output: made.output, state: listed(made.state) };
    },
  };
}

interface Equations {
  readonly parameters: KerasParameters;
  readonly units: number;
  readonly activation: (x: Tensor) => Tensor;
  readonly gate: (x: Tensor) => Tensor;
}

/** Block k of H columns. */
function block(x: Tensor, k: number, units: number): Tensor {
  return slice(x, -1, k * units, (k + 1) * units);
}

function biased(x: Tensor, bias: Tensor | null): Tensor {
  return bias ? add(x, bias) : x;
}

function sums({ parameters }: Equations, x: Tensor, h: Tensor): Tensor {
  const products = add(matmul(x, parameters.get('kernel')), matmul(h, parameters.get('recurrent_kernel')));
  return biased(products, parameters.find('bias'));
}

function simpleStep(equations: Equations, x: Tensor, [h]: readonly Tensor[]): readonly Tensor[] {
  return [equations.activation(sums(equations, x, h!))];
}

/** i, f, c, o */
function lstmStep(equations: Equations, x: Tensor, [h, c]: readonly Tensor[]): readonly Tensor[] {
  const { units, activation, gate } = equations;
  const z = sums(equations, x, h!);
  const [i, f, g, o] = [0, 1, 2, 3].map((k) => (k === 2 ? activation : gate)(block(z, k, units))) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const next = add(multiply(f, c!), multiply(i, g));
  return [multiply(o, activation(next)), next];
}

/** h' = z∘h + (1 − z)∘candidate */
function mixed(z: Tensor, h: Tensor, candidate: Tensor): readonly Tensor[] {
  return [add(multiply(z, h), multiply(affine(z, -1, 1), candidate))];
}

/** z, r, h, with the reset gate after the recurrent product. */
function gruAfterStep(
  { parameters, units, activation, gate }: Equations,
  x: Tensor,
  [h]: readonly Tensor[],
): readonly Tensor[] {
  const bias = parameters.find('bias');
  const row = (k: number) => bias && slice(bias, 0, k, k + 1);
  const ofInput = biased(matmul(x, parameters.get('kernel')), row(0));
  const ofState = biased(matmul(h!, parameters.get('recurrent_kernel')), row(1));
  const [z, r] = [0, 1].map((k) => gate(add(block(ofInput, k, units), block(ofState, k, units)))) as [Tensor, Tensor];
  const candidate = activation(add(block(ofInput, 2, units), multiply(r, block(ofState, 2, units))));
  return mixed(z, h!, candidate);
}

/** z, r, h, with the reset gate before the recurrent product. */
function gruBeforeStep(
  { parameters, units, activation, gate }: Equations,
  x: Tensor,
  [h]: readonly Tensor[],
): readonly Tensor[] {
  const recurrent = parameters.get('recurrent_kernel');
  const ofInput = biased(matmul(x, parameters.get('kernel')), parameters.find('bias'));
  const ofState = matmul(h!, slice(recurrent, 1, 0, 2 * units));
  const [z, r] = [0, 1].map((k) => gate(add(block(ofInput, k, units), block(ofState, k, units)))) as [Tensor, Tensor];
  const candidate = activation(
    add(block(ofInput, 2, units), matmul(multiply(r, h!), slice(recurrent, 1, 2 * units, 3 * units))),
  );
  return mixed(z, h!, candidate);
}

/** Combines stacked cells to one cell. */
function buildStack({ config, weights, builder, where }: LayerSource): KerasCell {
  const configs = config.get('cells', v.array(anyRecord));
  ensure(configs.length > 0, 'MALFORMED_FILE', () => `[keras] ${where} stacks no cells`);
  const cells = builder.openAll(configs, weights.at('cells')).map((opened) => {
    const cell = buildCell(opened);
    opened.config.end();
    return cell;
  });
  const starts = cells.map((_, k) => cells.slice(0, k).reduce((sum, { stateSizes }) => sum + stateSizes.length, 0));
  const partOf = (state: readonly Tensor[], k: number) =>
    state.slice(starts[k], starts[k]! + cells[k]!.stateSizes.length);
  const last = cells.length - 1;
  const step: KerasCell['step'] = (x, state) => {
    let current = x;
    return cells.flatMap((cell, k) => {
      const next = cell.step(current, partOf(state, k));
      current = next[cell.outputPart]!;
      return next;
    });
  };
  const sequence: KerasCell['sequence'] = (x, options) => {
    let output = x;
    const state = cells.flatMap((cell, k) => {
      const made = cell.sequence!(output, { ...options, state: options.state && partOf(options.state, k) });
      output = made.output;
      return [...made.state];
    });
    return { output, state };
  };
  return {
    stateSizes: cells.flatMap(({ stateSizes }) => [...stateSizes]),
    outputSize: cells[last]!.outputSize,
    outputPart: starts[last]! + cells[last]!.outputPart,
    modules: cells.flatMap(({ modules }, k) => modules.map(([, module]) => [String(k), module] as const)),
    step,
    ...(cells.every((cell) => cell.sequence) ? { sequence } : {}),
  };
}
