import { expectTensor } from './checks.ts';
import { lengthsRules } from './options.ts';
import { checkOptions, checkValue, is, Tensor, tidy } from '@timestep/core';
import { checkLengths, hidePadding } from '@timestep/core/extend';
import type { Lengths, LengthsOption } from './lengths.ts';
import { Module, type Slot } from './module.ts';

/** A module that a {@link Sequential} can contain. */
export interface StageModule extends Module {
  forward(x: Tensor, options?: LengthsOption): Tensor | { readonly output: Tensor };
  /** Maps lengths through the layer, for layers that change the number of steps. */
  outputLengths?(lengths: Lengths): Int32Array;
}

const stageRule = is.anyOf(is.like('a module with forward', 'forward', 'slots'), is.function);

/** A module or a plain function. */
export type Stage = StageModule | ((x: Tensor) => Tensor);

/**
 * Runs stages one after the other. A recurrent layer passes on its `output`. Every stage receives `lengths`, which a
 * stage that changes the number of steps maps. Names start with the index: `0.weight`, `2.weight_ih_l0`.
 *
 * ```ts
 * const model = new Sequential(
 *   new Conv1d({ backend, inputSize: 40, outputSize: 64, kernelSize: 3, stride: 2 }),
 *   relu,
 *   new LSTM({ backend, inputSize: 64, hiddenSize: 128, bidirectional: true }),
 *   new Linear({ backend, inputSize: 256, outputSize: 11 }),
 * );
 * const logits = model.forward(x, { lengths });
 * const frames = model.outputLengths(lengths);
 * ```
 */
export class Sequential extends Module {
  readonly #stages: readonly Stage[];

  override get typeName(): string {
    return 'Sequential';
  }

  constructor(...stages: Stage[]) {
    super();
    stages.forEach((stage, k) => checkValue('Sequential', `stage ${k}`, stage, stageRule));
    this.#stages = stages;
  }

  get length(): number {
    return this.#stages.length;
  }

  /** The stage at a place, counted from 0. */
  at(index: number): Stage | undefined {
    return this.#stages.at(index);
  }

  override slots(): Slot[] {
    const stages = this.#stages.flatMap((value, index) =>
      value instanceof Module ? [{ name: String(index), value }] : [],
    );
    return [...super.slots(), ...stages];
  }

  outputLengths(lengths: Lengths): Int32Array {
    let current: Int32Array = Int32Array.from(lengths);
    for (const stage of this.#stages) current = mapLengths(stage, current);
    return current;
  }

  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    expectTensor('Sequential', x);
    checkOptions('Sequential', options, lengthsRules);
    return tidy(x.backend, () => {
      let lengths: Lengths | null = checkLengths('Sequential', options.lengths, x.shape[0] ?? 0, x.shape[1] ?? 0);
      // A stage that takes no lengths, such as a Linear, would read the padding.
      let current = hidePadding(x, lengths);
      for (const stage of this.#stages) {
        const result = stage instanceof Module ? stage.forward(current, { lengths }) : stage(current);
        current = result instanceof Tensor ? result : result.output;
        lengths &&= mapLengths(stage, Int32Array.from(lengths));
      }
      return current;
    });
  }
}

function mapLengths(stage: Stage, lengths: Int32Array): Int32Array {
  return stage instanceof Module && stage.outputLengths ? stage.outputLengths(lengths) : lengths;
}
