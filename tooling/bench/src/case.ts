/** One thing to be timed: a row of a table. Plain JSON, since it travels to every contestant's process. */
export type Case = RecurrentCase | MatmulCase | CtcCase | CharacterModelCase | StepCase;

interface CommonCase {
  /** Shown in the table, unique within its group. */
  readonly name: string;
  /** Floating-point operations of the matrix products in it, for the GFLOP/s column; 0 where that says nothing. */
  readonly flops: number;
}

/**
 * A recurrent layer over a batch of sequences, from the input to the output; training adds every gradient, the input's
 * too.
 */
export interface RecurrentCase extends CommonCase {
  readonly kind: 'recurrent';
  readonly cell: 'lstm' | 'gru' | 'rnn';
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  /** null: all sequences have all steps */
  readonly lengths: readonly number[] | null;
  readonly training: boolean;
  /** The gradient comes in at the last step alone, as a classifier’s does */
  readonly lossOnLastStep?: boolean;
}

export interface MatmulCase extends CommonCase {
  readonly kind: 'matmul';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface CtcCase extends CommonCase {
  readonly kind: 'ctc';
  readonly steps: number;
  readonly batch: number;
  readonly classes: number;
  readonly targetLength: number;
}

/** A character model's whole training step: embedding, LSTM, linear, cross-entropy, backward, clipping, Adam. */
export interface CharacterModelCase extends CommonCase {
  readonly kind: 'character-model';
  readonly vocabulary: number;
  readonly embedding: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
}

/** One step of one sequence, its state carried on: what a stream of frames asks for. I = H. */
export interface StepCase extends CommonCase {
  readonly kind: 'step';
  readonly cell: 'lstm' | 'gru' | 'rnn';
  readonly hiddenSize: number;
}

/** A summary of each array of a result: a random projection and the norm, which reveal a wrong result. */
export type Digest = Readonly<Record<string, { readonly projection: number; readonly norm: number }>>;

const gates = { lstm: 4, gru: 3, rnn: 1 } as const;

/** Multiply-adds of the input and recurrent products count twice; a backward pass does two more products for each. */
export function recurrentFlops(sizes: Omit<RecurrentCase, 'name' | 'flops' | 'kind'>): number {
  const directions = sizes.bidirectional ? 2 : 1;
  const frames = sizes.lengths ? sizes.lengths.reduce((a, b) => a + b) : sizes.steps * sizes.batch;
  let total = 0;
  for (let layer = 0; layer < sizes.layers; layer++) {
    const width = layer === 0 ? sizes.inputSize : sizes.hiddenSize * directions;
    total += directions * 2 * frames * gates[sizes.cell] * sizes.hiddenSize * (width + sizes.hiddenSize);
  }
  return total * (sizes.training ? 3 : 1);
}

export function recurrentCase(sizes: Omit<RecurrentCase, 'name' | 'flops' | 'kind'>, name?: string): RecurrentCase {
  const label = name ?? `${sizes.cell} ${sizes.inputSize}, ${sizes.hiddenSize}, ${sizes.batch}, ${sizes.steps}`;
  return {
    kind: 'recurrent',
    ...sizes,
    name: `${label} ${sizes.training ? 'training' : 'inference'}`,
    flops: recurrentFlops(sizes),
  };
}
