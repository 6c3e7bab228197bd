import type { StreamLayer } from '@timestep/backend-api';
import type { Engine, KernelName } from '../engine/engine.ts';
import { padded } from './sequence-plan.ts';

/** Hands out places in one buffer that is not there yet: offsets in floats, each on a cache line. */
export class Arena {
  floats = 0;

  take(floats: number): number {
    const offset = this.floats;
    this.floats += Math.ceil(floats / 16) * 16;
    return offset;
  }
}

/** A weight or bias to lay out for the kernels: see `packStream` in assembly/sequence/stream.ts. */
interface Packing {
  readonly source: number;
  readonly columns: number;
  readonly gates: number;
  /** Lanes between the values of one column and those of the next */
  readonly lanes: number;
  /** Floats */
  readonly target: number;
  readonly blockStride: number;
  readonly add: boolean;
}

/** A matrix–vector product with what follows it: one run of a kernel. All places are offsets in floats. */
export interface StreamStage {
  readonly kernel: KernelName;
  /** The vector [x | h] in even and in odd steps: a step reads one h and writes the other. */
  readonly input: readonly [number, number];
  readonly inputSize: number;
  readonly stateSize: number;
  readonly units: number;
  readonly blocks: number;
  /** Units of a block */
  readonly width: number;
  readonly packed: number;
  readonly bias: number;
  /** The new h is stored after the x of the other input. */
  readonly recurrent: StreamStage | null;
  readonly cell: number | null;
  readonly peephole: number | null;
  readonly coupled: boolean;
  /** As the kernel numbers it */
  readonly activation: number;
  /** Of both stages of a GRU whose reset comes before the product: z, and the sums under tanh */
  readonly reset: { readonly update: number; readonly sums: number } | null;
  readonly packings: readonly Packing[];
}

const lanes = 32;
const activations = { identity: 0, tanh: 1, relu: 2, blend: 3 } as const;

/** A product alone: a linear layer, or the projection of an LSTM whose h goes to `recurrent`. */
function productStage(
  arena: Arena,
  input: readonly [number, number],
  sizes: { inputSize: number; units: number },
  weight: number,
  bias: number,
  recurrent: StreamStage | null,
): StreamStage {
  const { inputSize, units } = sizes;
  const blocks = Math.ceil(units / lanes);
  const packed = arena.take(blocks * inputSize * lanes);
  const biasRow = arena.take(blocks * lanes);
  const packings = [
    { source: weight, columns: inputSize, gates: 1, lanes, target: packed, blockStride: inputSize * lanes, add: false },
  ];
  if (bias !== 0)
    packings.push({ source: bias, columns: 1, gates: 1, lanes, target: biasRow, blockStride: lanes, add: true });
  return {
    kernel: 'rnnStreamStep',
    input,
    inputSize,
    stateSize: 0,
    units,
    blocks,
    width: lanes,
    packed,
    bias: biasRow,
    recurrent,
    cell: null,
    peephole: null,
    coupled: false,
    activation: activations.identity,
    reset: null,
    packings,
  };
}

type RecurrentLayer = Exclude<StreamLayer, { kind: 'linear' }>;

/** Both products of a recurrent layer, and its gates. */
function recurrentStage(engine: Engine, arena: Arena, layer: RecurrentLayer, outputSize: number): StreamStage {
  const { kind, inputSize, hiddenSize: units, weights } = layer;
  const gates = { rnn: 1, lstm: 4, gru: 3 }[kind];
  const width = kind === 'rnn' ? lanes : 8;
  const blocks = Math.ceil(units / width);
  const row = gates * width;
  const blockStride = (inputSize + outputSize) * row;
  const input = [arena.take(inputSize + outputSize), arena.take(inputSize + outputSize)] as const;
  const packed = arena.take(blocks * blockStride);
  const bias = arena.take(blocks * lanes);
  const weight = { gates, lanes: row, blockStride, add: false };
  const packings: Packing[] = [
    { ...weight, source: engine.address(weights.weightIh), columns: inputSize, target: packed },
    { ...weight, source: engine.address(weights.weightHh), columns: outputSize, target: packed + inputSize * row },
  ];
  const addBias = (source: number, first: number, count: number, target: number): void => {
    if (source !== 0)
      packings.push({
        source: source + 4 * first * units,
        columns: 1,
        gates: count,
        lanes: row,
        target,
        blockStride: lanes,
        add: true,
      });
  };
  const biasIh = engine.addressOrZero(weights.biasIh);
  const biasHh = engine.addressOrZero(weights.biasHh);
  addBias(biasIh, 0, gates, bias);
  if (kind === 'gru') {
    // r and z use the sum of both biases; b_hn is separate, because the reset gate is applied between it and b_in.
    addBias(biasHh, 0, 2, bias);
    addBias(biasHh, 2, 1, bias + 3 * width);
  } else addBias(biasHh, 0, gates, bias);
  const peephole = weights.peephole && arena.take(3 * padded(units));
  if (peephole !== null) {
    for (let gate = 0; gate < 3; gate++) {
      const source = engine.address(weights.peephole!) + 4 * gate * units;
      packings.push({
        source,
        columns: 1,
        gates: 1,
        lanes: width,
        target: peephole + gate * padded(units),
        blockStride: width,
        add: false,
      });
    }
  }
  return {
    kernel: `${kind}StreamStep`,
    input,
    inputSize,
    stateSize: outputSize,
    units,
    blocks,
    width,
    packed,
    bias,
    recurrent: null,
    cell: kind === 'lstm' ? arena.take(padded(units)) : null,
    peephole,
    coupled: kind === 'lstm' && layer.variant.coupledGates,
    activation: kind === 'rnn' ? activations[layer.variant.activation] : activations.identity,
    reset: null,
    packings,
  };
}

/** A GRU whose reset comes before the product: r and z of all units first, then U_n (r∘h) and the new h. */
function resetStages(engine: Engine, arena: Arena, layer: RecurrentLayer): StreamStage[] {
  const { inputSize, hiddenSize: units, weights } = layer;
  const width = 8;
  const blocks = Math.ceil(units / width);
  const wide = Math.ceil(units / lanes);
  const blockStride = inputSize * 3 * width + units * 2 * width;
  const input = [arena.take(inputSize + units), arena.take(inputSize + units)] as const;
  const reset = { update: arena.take(wide * lanes), sums: arena.take(wide * lanes) };
  const packed = arena.take(blocks * blockStride);
  const bias = arena.take(blocks * lanes);
  const hidden = arena.take(units);
  const packedN = arena.take(wide * units * lanes);
  const weightHh = engine.address(weights.weightHh);
  const ofN = weightHh + 4 * 2 * units * units;
  const biases = [engine.addressOrZero(weights.biasIh), engine.addressOrZero(weights.biasHh)].filter(
    (address) => address !== 0,
  );
  const gates: StreamStage = {
    kernel: 'gruResetStreamStep',
    input,
    inputSize,
    stateSize: units,
    units,
    blocks,
    width,
    packed,
    bias,
    recurrent: null,
    cell: null,
    peephole: null,
    coupled: false,
    activation: activations.identity,
    reset,
    packings: [
      {
        source: engine.address(weights.weightIh),
        columns: inputSize,
        gates: 3,
        lanes: 3 * width,
        target: packed,
        blockStride,
        add: false,
      },
      {
        source: weightHh,
        columns: units,
        gates: 2,
        lanes: 2 * width,
        target: packed + inputSize * 3 * width,
        blockStride,
        add: false,
      },
      ...biases.map((source) => ({
        source,
        columns: 1,
        gates: 3,
        lanes: 3 * width,
        target: bias,
        blockStride: lanes,
        add: true,
      })),
    ],
  };
  const end: StreamStage = {
    kernel: 'rnnStreamStep',
    input: [hidden, hidden],
    inputSize: units,
    stateSize: 0,
    units,
    blocks: wide,
    width: lanes,
    packed: packedN,
    bias: reset.sums,
    recurrent: gates,
    cell: null,
    peephole: null,
    coupled: false,
    activation: activations.blend,
    reset,
    packings: [
      { source: ofN, columns: units, gates: 1, lanes, target: packedN, blockStride: units * lanes, add: false },
    ],
  };
  return [gates, end];
}

/** The stages of the layers, in order. A projected LSTM is two, its cell and the product that makes h. */
export function planStages(engine: Engine, arena: Arena, layers: readonly StreamLayer[]): StreamStage[] {
  return layers.flatMap((layer): StreamStage[] => {
    if (layer.kind === 'linear') {
      const input = arena.take(layer.inputSize);
      return [
        productStage(
          arena,
          [input, input],
          { inputSize: layer.inputSize, units: layer.outputSize },
          engine.address(layer.weight),
          engine.addressOrZero(layer.bias),
          null,
        ),
      ];
    }
    if (layer.kind === 'gru' && layer.variant.reset === 'before') return resetStages(engine, arena, layer);
    const projection = layer.kind === 'lstm' ? layer.variant.projectionSize : 0;
    if (projection === 0) return [recurrentStage(engine, arena, layer, layer.hiddenSize)];
    const cell = recurrentStage(engine, arena, layer, projection);
    const hidden = arena.take(layer.hiddenSize);
    const weight = engine.address(layer.weights.weightHr!);
    return [
      cell,
      productStage(arena, [hidden, hidden], { inputSize: layer.hiddenSize, units: projection }, weight, 0, cell),
    ];
  });
}
