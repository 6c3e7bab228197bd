import { expectTensor } from './checks.ts';
import { checkOptions, dropout, type Generator, is, type OptionRules, type Tensor, tidy } from '@timestep/core';
import { Module } from './module.ts';
import { generatorOrFresh, generatorRule } from './options.ts';

/** Options of {@link Dropout}. */
export interface DropoutOptions {
  /** The probability that an element is set to 0. */
  readonly rate: number;
  /** The source of random numbers for the masks; by default a new one with a random seed. */
  readonly generator?: Generator | undefined;
  /**
   * One mask `[1, …]` for all steps of a sequence instead of one for each: the variational dropout of Gal and
   * Ghahramani (2016).
   */
  readonly locked?: boolean | undefined;
}

const rules: OptionRules<DropoutOptions> = {
  rate: is.probability,
  generator: generatorRule,
  locked: is.optional(is.boolean),
};

/**
 * Dropout (Srivastava et al. 2014). In training it sets each element to 0 with probability `rate` and scales the others
 * by 1/(1 − rate). In evaluation it returns x.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const dropout = new Dropout({ rate: 0.5, generator });
 * const y = dropout.forward(x); // x itself after dropout.eval()
 * ```
 */
export class Dropout extends Module {
  readonly rate: number;
  readonly locked: boolean;
  readonly generator: Generator;

  override get typeName(): string {
    return 'Dropout';
  }

  constructor(options: DropoutOptions) {
    super();
    checkOptions('Dropout', options, rules);
    this.rate = options.rate;
    this.locked = options.locked ?? false;
    this.generator = generatorOrFresh(options.generator);
  }

  forward(x: Tensor): Tensor {
    expectTensor('Dropout', x);
    return this.inTraining ? applyDropout(x, this.rate, this.generator, this.locked) : x;
  }
}

/** Dropout as the layers use it: x itself at rate 0; `locked` shares the mask along the first axis. */
export function applyDropout(x: Tensor, rate: number, generator: Generator, locked = false): Tensor {
  if (rate === 0) return x;
  return tidy(x.backend, () => dropout(x, rate, generator, locked ? { maskShape: [1, ...x.shape.slice(1)] } : {}));
}
