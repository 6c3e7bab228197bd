import { checkOptions, Generator, is, type Backend, type FusedMode, type OptionRules, type Rule } from '@timestep/core';

/** Options of every layer that has parameters. */
export interface LayerOptions {
  /** Where the parameters live. */
  readonly backend: Backend;
  /**
   * The source of random numbers for initial values and dropout masks. Share one generator in a whole model to make a
   * run repeatable. By default a new one with a random seed.
   */
  readonly generator?: Generator | undefined;
}

/** Options of every layer with a fused operation behind it. */
export interface FusedLayerOptions extends LayerOptions {
  /** `auto` (by default the backend's fused operation where it has one), `require` or `off`. */
  readonly fused?: FusedMode | undefined;
}

export const generatorRule = is.optional(is.like('a Generator, such as new Generator(seed)', 'uniform', 'permutation'));
export const fusedRule = is.optional(is.oneOf('auto', 'require', 'off'));
export const initializerRule = is.optional(is.function);

/** The rules of `LayerOptions`. */
export const layerRules: OptionRules<LayerOptions> = {
  backend: is.like('a backend, such as await createCpuBackend()', 'specVersion', 'alloc'),
  generator: generatorRule,
};

/** The rules of `FusedLayerOptions`. */
export const fusedLayerRules: OptionRules<FusedLayerOptions> = { ...layerRules, fused: fusedRule };

/** A recurrent layer, whichever copy of the package made it. */
export const recurrentRule: Rule = is.like('a recurrent layer, such as a GRU', 'cells', 'forward', 'outputSize');

/** Accepts an array-like with one number per sequence; `checkLengths` checks the numbers. */
export const lengthsRule: Rule = is.nullable((value) =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'length') === 'number'
    ? null
    : 'an array of one length for each sequence',
);

/** The rules of the options that a call of `forward` takes beside x. */
export const lengthsRules = { lengths: lengthsRule };

export function generatorOrFresh(generator: Generator | undefined): Generator {
  return generator ?? new Generator(Math.floor(Math.random() * 2 ** 32));
}

/** Returns the options that have a rule; a layer passes them to its parts. */
export function pick<Options extends object>(
  options: Options,
  rules: { readonly [Name in keyof Options]?: Rule },
): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(rules, name))) as Options;
}

/** Checks the options and returns them, for constructors that need them in the call of `super`. */
export function checked<Options extends object>(where: string, options: Options, rules: OptionRules<Options>): Options {
  checkOptions(where, options, rules);
  return options;
}
