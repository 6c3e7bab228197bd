import { mean, reshape, slice, square, subtract, tensor, type Tensor } from '@timestep/core';
import type { AddingBatch } from '@timestep/datasets';
import { type Linear, Module, type Recurrent } from '@timestep/layers';

/** A recurrent layer of any state. */
export type AnyRecurrent = Recurrent<Readonly<Record<string, Tensor>>>;

/** Reads the sum of the marked numbers in the output of the last step. */
export class Adder extends Module {
  readonly layer: AnyRecurrent;
  readonly head: Linear;

  constructor(layer: AnyRecurrent, head: Linear) {
    super();
    this.layer = layer;
    this.head = head;
  }

  /** `[N]` */
  answers({ data, shape }: AddingBatch): Tensor {
    const { output } = this.layer.forward(tensor(this.head.weight.backend, data, { shape }));
    return reshape(this.head.forward(slice(output, 0, -1)), [-1]);
  }

  /** The mean squared error; always answering 1 leaves 1/6. */
  loss(batch: AddingBatch): Tensor {
    return mean(square(subtract(this.answers(batch), tensor(this.head.weight.backend, batch.targets))));
  }
}
