import { Generator, tensor, type Backend } from '@timestep/core';
import { Dropout, Linear, LSTM, Module } from '@timestep/layers';
import type { Tensor } from '@timestep/core';
import { mseLoss } from '../index.ts';

/** x `[N, 3]` and the sum of its squares `[N, 1]`. */
export interface LineBatch {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export function lineBatch(size: number, random: Generator): LineBatch {
  const x = Float32Array.from({ length: size * 3 }, () => random.normal());
  const y = Float32Array.from({ length: size }, (_, n) => 0.5 * x[n * 3]! - x[n * 3 + 1]! + 2 * x[n * 3 + 2]! + 0.25);
  return { x, y };
}

/** A small model with random masks: two linear layers and dropout between them. */
export class LineModel extends Module {
  readonly hidden: Linear;
  readonly dropout: Dropout;
  readonly head: Linear;

  constructor(backend: Backend, options: { readonly seed?: number; readonly rate?: number } = {}) {
    super();
    const generator = new Generator(options.seed ?? 5);
    this.hidden = new Linear({ backend, inputSize: 3, outputSize: 4, generator });
    this.dropout = new Dropout({ rate: options.rate ?? 0, generator });
    this.head = new Linear({ backend, inputSize: 4, outputSize: 1, generator });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.dropout.forward(this.hidden.forward(x)));
  }
}

export function lineLoss(model: LineModel, { x, y }: LineBatch): Tensor {
  const { backend } = model.head.weight;
  return mseLoss(
    model.forward(tensor(backend, x, { shape: [y.length, 3] })),
    tensor(backend, y, { shape: [y.length, 1] }),
  );
}

/** An LSTM that predicts the next value of a noisy wave, and carries its state from batch to batch. */
export class WaveModel extends Module {
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor(backend: Backend) {
    super();
    const generator = new Generator(8);
    this.lstm = new LSTM({ backend, inputSize: 1, hiddenSize: 4, numLayers: 2, dropout: 0.2, generator });
    this.head = new Linear({ backend, inputSize: 4, outputSize: 1, generator });
  }
}

/** The wave's values at the steps of batch `index`, one more than steps: `[steps + 1, N]`. */
export function waveBatch(index: number, random: Generator, steps = 6, batch = 2): Float32Array {
  return Float32Array.from(
    { length: (steps + 1) * batch },
    (_, i) => Math.sin(0.3 * (index * steps + Math.floor(i / batch)) + (i % batch)) + 0.01 * random.normal(),
  );
}
