import { checkOptions, Generator, is, type Backend, type FusedMode, type OptionRules, type Rule } from '@timestep/core';

/** Options of every layer that has parameters. */
export interface LayerOptions {
  /** Where the parameters live. */
  readonly backend: Backend;
  /**
   * What initial values, and dropout masks, are drawn from. One generator may serve a whole model, and should where a
   * run is to be repeated; a randomly seeded one by default.
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

/** What holds one number for each sequence; `checkLengths` looks at the numbers. */
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

/** The options that have a rule: what a layer hands on to the parts that it is made of. */
export function pick<Options extends object>(
  options: Options,
  rules: { readonly [Name in keyof Options]?: Rule },
): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(rules, name))) as Options;
}

/** The options, checked: for constructors, which cannot do so in a line of their own before `super`. */
export function checked<Options extends object>(where: string, options: Options, rules: OptionRules<Options>): Options {
  checkOptions(where, options, rules);
  return options;
}
