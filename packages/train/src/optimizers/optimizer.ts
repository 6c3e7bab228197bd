import {
  checkOptions,
  checkValue,
  full,
  inScope,
  is,
  negative,
  type HostArray,
  type OptionRules,
  type Rule,
  type Shape,
  type Tensor,
} from '@timestep/core';
import { checkMemory } from './memory-check.ts';
import {
  checkParameters,
  nameParameters,
  splitGroups,
  type NamedParameter,
  type ParameterGroup,
  type Parameters,
} from './parameters.ts';

export interface BaseSettings {
  readonly learningRate: number;
  /** Go up the gradient instead of down, to make the loss as large as possible; false by default. */
  readonly maximize: boolean;
}

/** Some of the parameters with the settings they are updated by. */
export interface OptimizerGroup<Settings extends BaseSettings> {
  readonly parameters: readonly NamedParameter[];
  readonly settings: Settings;
  /**
   * What the next step uses; a schedule sets it, from `settings.learningRate`. Setting something other than a finite
   * number ≥ 0 throws an ArgumentError.
   */
  learningRate: number;
}

/** A parameter that has a gradient, with the tensors that the optimiser remembers about it. */
export interface Slot {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly memory: Readonly<Record<string, Tensor>>;
}

/** The part of an optimiser's state that is plain JSON; the rest is tensors. */
export interface OptimizerState {
  readonly kind: string;
  /** Updates that each parameter has had. */
  readonly steps: readonly (readonly [name: string, steps: number])[];
}

/** The tensors of an optimiser's state on the host, by `memory.parameter`. */
export type OptimizerTensors = ReadonlyMap<string, { readonly shape: Shape; readonly data: HostArray }>;

interface Memory {
  steps: number;
  readonly tensors: Record<string, Tensor>;
}

/**
 * The base of every optimiser: parameter groups, the tensors remembered about each parameter, and their way into and
 * out of a checkpoint. A step reads the gradients that `backward` left, updates in place on the device, and reads
 * nothing back. Parameters without a gradient are left alone.
 *
 * Make it after the model has been moved to its backend.
 */
export abstract class Optimizer<Settings extends BaseSettings = BaseSettings> {
  /** Its name, in messages and checkpoints. */
  readonly kind: string;
  readonly groups: readonly OptimizerGroup<Settings>[];
  readonly #memories = new Map<string, Memory>();

  /**
   * @param kind the optimiser's name
   * @param parameters what it trains: tensors, `[name, tensor]` pairs, or groups with settings of their own
   * @param settings complete; a group's own take their place
   * @param rules one for each setting
   * @throws ArgumentError for parameters that are none or given twice, and for unknown or bad settings
   */
  constructor(
    kind: string,
    parameters: Parameters | readonly ParameterGroup<Settings>[],
    settings: Settings,
    rules: OptionRules<Settings>,
  ) {
    this.kind = kind;
    checkOptions(kind, settings, rules);
    let count = 0;
    this.groups = splitGroups(kind, parameters).map(([own, overrides]) => {
      const named = nameParameters(kind, own, count);
      count += named.length;
      const merged: Settings = { ...settings, ...overrides };
      checkOptions(kind, merged, rules);
      this.checkSettings(merged);
      return groupOf(kind, named, merged);
    });
    checkParameters(kind, this.parameters);
  }

  /** Throws an ArgumentError for settings that do not go together; each alone is checked by its rule. */
  protected checkSettings(_settings: Settings): void {}

  /** What is remembered about each parameter, by name, with the value it starts from. */
  protected abstract memoryOf(settings: Settings): Readonly<Record<string, number>>;

  /** Updates `slots`, all of which have had `step − 1` updates. A negative `factor` must leave everything as it is. */
  protected abstract update(slots: readonly Slot[], settings: Settings, step: number, factor: Tensor | null): void;

  get parameters(): readonly NamedParameter[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  /** The gradients at hand, in the order of the parameters. */
  get gradients(): Tensor[] {
    return this.parameters.flatMap(({ parameter }) => (parameter.grad ? [parameter.grad] : []));
  }

  /**
   * One update of every parameter that has a gradient.
   *
   * @param factor a scalar on the device by which every gradient is multiplied, such as `clipGradientNorm` returns; a
   * negative one leaves parameters and memory untouched
   */
  step(factor: Tensor | null = null): void {
    checkValue(this.kind, 'factor', factor, factorRule);
    for (const group of this.groups) {
      const settings = { ...group.settings, learningRate: group.learningRate };
      // Parameters that joined later have had fewer updates, and some formulas count them.
      const slotsByStep = new Map<number, Slot[]>();
      for (const { name, parameter } of group.parameters) {
        if (!parameter.grad) continue;
        const memory = this.#memory(name, parameter, settings);
        const step = ++memory.steps;
        const slots = slotsByStep.get(step) ?? [];
        slotsByStep.set(step, [...slots, { parameter, gradient: parameter.grad, memory: memory.tensors }]);
      }
      for (const [step, slots] of slotsByStep) this.#update(slots, settings, step, factor);
    }
  }

  #update(slots: readonly Slot[], settings: Settings, step: number, factor: Tensor | null): void {
    if (!settings.maximize) {
      this.update(slots, settings, step, factor);
      return;
    }
    const { backend } = slots[0]!.parameter;
    inScope(backend, { gradient: false }, () => {
      const turned = slots.map((slot) => ({ ...slot, gradient: negative(slot.gradient) }));
      this.update(turned, settings, step, factor);
    });
  }

  /** Forgets the gradients. */
  zeroGrad(): void {
    for (const { parameter } of this.parameters) {
      parameter.grad?.dispose();
      parameter.grad = null;
    }
  }

  /** Everything it remembers: JSON, and the live tensors by `memory.parameter`. */
  state(): { readonly json: OptimizerState; readonly tensors: ReadonlyMap<string, Tensor> } {
    const tensors = new Map<string, Tensor>();
    for (const [name, memory] of this.#memories) {
      for (const [key, tensor] of Object.entries(memory.tensors)) tensors.set(`${key}.${name}`, tensor);
    }
    return { json: { kind: this.kind, steps: [...this.#memories].map(([name, { steps }]) => [name, steps]) }, tensors };
  }

  /**
   * Looks whether `restore` would take a state; nothing changes.
   *
   * @throws TrainError `CHECKPOINT_MISMATCH` where it belongs to another optimiser or other parameters, or is damaged
   */
  checkState(json: OptimizerState, tensors: OptimizerTensors): void {
    const expected = new Map(
      this.groups.flatMap(({ parameters, settings }) =>
        parameters.map(
          ({ name, parameter }) => [name, { parameter, keys: Object.keys(this.memoryOf(settings)) }] as const,
        ),
      ),
    );
    checkMemory(this.kind, json, tensors, expected);
  }

  /**
   * Takes over what `state` gave, read back to the host: all of it, or nothing and an error. Settings are not part of
   * it: they are those of the constructor.
   *
   * @throws TrainError `CHECKPOINT_MISMATCH` where it belongs to another optimiser or other parameters, or is damaged
   */
  restore(json: OptimizerState, tensors: OptimizerTensors): void {
    this.checkState(json, tensors);
    const steps = new Map(json.steps);
    const restored = new Map<string, Memory>();
    for (const { parameters, settings } of this.groups) {
      const keys = Object.keys(this.memoryOf(settings));
      for (const { name, parameter } of parameters) {
        const count = steps.get(name);
        if (count === undefined) continue;
        const made = keys.map((key) => {
          const fresh = unowned(full(parameter.backend, parameter.shape, 0));
          return [key, fresh.assign(tensors.get(`${key}.${name}`)!.data)] as const;
        });
        restored.set(name, { steps: count, tensors: Object.fromEntries(made) });
      }
    }
    this.dispose();
    for (const [name, memory] of restored) this.#memories.set(name, memory);
  }

  /** Frees what it remembers; the parameters are the model's. */
  dispose(): void {
    for (const { tensors } of this.#memories.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    this.#memories.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #memory(name: string, parameter: Tensor, settings: Settings): Memory {
    let memory = this.#memories.get(name);
    if (!memory) {
      const initial = Object.entries(this.memoryOf(settings));
      memory = {
        steps: 0,
        tensors: Object.fromEntries(
          initial.map(([key, value]) => [key, unowned(full(parameter.backend, parameter.shape, value))]),
        ),
      };
      this.#memories.set(name, memory);
    }
    return memory;
  }
}

/** Takes a tensor out of the scope that is open: an optimiser's memory outlives the step that made it. */
function unowned(tensor: Tensor): Tensor {
  tensor.owner?.release(tensor);
  return tensor;
}

const factorRule = is.nullable(is.like('a tensor, such as the factor of clipGradientNorm', 'backend', 'buffer'));

/** What every learning rate must be, also after a schedule: a device computes with 32 bits. */
const rateRule = is.number({ min: 0, max: 3.4028234663852886e38 });

/** The rules of the settings that every optimiser has. */
export const baseRules: OptionRules<BaseSettings> = { learningRate: rateRule, maximize: is.boolean };

/** A group whose learning rate cannot be set to anything that would spoil the weights. */
function groupOf<Settings extends BaseSettings>(
  kind: string,
  parameters: readonly NamedParameter[],
  settings: Settings,
): OptimizerGroup<Settings> {
  let rate = settings.learningRate;
  return {
    parameters,
    settings,
    get learningRate() {
      return rate;
    },
    set learningRate(value) {
      checkValue(kind, 'learningRate', value, rateRule);
      rate = value;
    },
  };
}

/** The defaults, with what was given in their place; unknown names and values that are none are refused by the rules. */
export function settingsOf<Settings extends BaseSettings>(
  kind: string,
  defaults: Omit<Settings, 'learningRate'> & Partial<Settings>,
  options: Partial<Settings>,
  rules: OptionRules<Settings>,
): Settings {
  checkValue(kind, 'options', options, is.object);
  checkOptions<Partial<Settings>>(kind, options, optionalRules(rules));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as Settings;
}

function optionalRules<Options extends object>(rules: OptionRules<Options>): OptionRules<Partial<Options>> {
  return Object.fromEntries(
    Object.entries<Rule>(rules).map(([name, rule]) => [name, is.optional(rule)]),
  ) as unknown as OptionRules<Partial<Options>>;
}
