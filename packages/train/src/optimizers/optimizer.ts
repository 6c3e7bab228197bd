import {
  checkOptions,
  checkValue,
  full,
  inScope,
  is,
  negative,
  type OptionRules,
  type Rule,
  type Tensor,
} from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { checkMemory } from './memory-check.ts';
import type { OptimizerState, OptimizerTensors } from './optimizer-state.ts';
import {
  checkParameters,
  nameParameters,
  splitGroups,
  type NamedParameter,
  type ParameterGroup,
  type Parameters,
} from './parameters.ts';

/** Settings of every optimizer. */
export interface BaseSettings {
  readonly learningRate: number;
  /** Maximize the loss instead of minimizing it; false by default. */
  readonly maximize: boolean;
}

/** A group of parameters that share settings. */
export interface OptimizerGroup<Settings extends BaseSettings> {
  readonly parameters: readonly NamedParameter[];
  readonly settings: Settings;
  /**
   * The learning rate of the next step. A schedule computes it from `settings.learningRate`. Setting anything but a
   * finite number ≥ 0 throws an ArgumentError.
   */
  learningRate: number;
}

/** A parameter with its gradient and the optimizer's state for it. */
export interface OptimizerSlot {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly memory: Readonly<Record<string, Tensor>>;
}

interface Memory {
  steps: number;
  readonly tensors: Record<string, Tensor>;
}

/**
 * The base class of optimizers. It manages parameter groups, the state of each parameter, and saving and restoring that
 * state. A step reads the gradients of `backward`, updates the parameters in place on the device, and reads nothing
 * back. It skips parameters without a gradient.
 *
 * Create the optimizer after moving the model to its backend.
 *
 * @throws ArgumentError for a parameter given twice, none at all, an unknown setting or a wrong value
 * @example
 * ```ts
 * const optimizer: Optimizer = new Adam(model.namedParameters());
 * loss.backward();
 * optimizer.step();
 * optimizer.zeroGrad();
 * ```
 */
export abstract class Optimizer<Settings extends BaseSettings = BaseSettings> {
  /** The optimizer's name in messages and checkpoints. */
  readonly kind: string;
  readonly groups: readonly OptimizerGroup<Settings>[];
  readonly #memories = new Map<string, Memory>();

  /**
   * @param kind the optimizer's name
   * @param parameters tensors, `[name, tensor]` pairs, or groups with their own settings
   * @param settings all settings; a group may override them
   * @param rules one for each setting
   * @throws ArgumentError for missing or repeated parameters, and for unknown or wrong settings
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

  /** Throws an ArgumentError for settings that conflict; the rules check each setting alone. */
  protected checkSettings(_settings: Settings): void {}

  /** Returns the initial value of each state tensor of a parameter, by name. */
  protected abstract memoryOf(settings: Settings): Readonly<Record<string, number>>;

  /** Updates `slots`, all of which have had `step − 1` updates. A negative `factor` must change nothing. */
  protected abstract update(
    slots: readonly OptimizerSlot[],
    settings: Settings,
    step: number,
    factor: Tensor | null,
  ): void;

  get parameters(): readonly NamedParameter[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  /** The gradients of the parameters that have one, in order. */
  get gradients(): Tensor[] {
    return this.parameters.flatMap(({ parameter }) => (parameter.grad ? [parameter.grad] : []));
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @param factor a scalar on the device that multiplies every gradient, such as the factor of `clipGradientNorm`; a
   *   negative one changes neither parameters nor state
   */
  step(factor: Tensor | null = null): void {
    checkValue(this.kind, 'factor', factor, factorRule);
    for (const group of this.groups) {
      const settings = { ...group.settings, learningRate: group.learningRate };
      // Parameters that joined later have had fewer updates, and some formulas count them.
      const slotsByStep = new Map<number, OptimizerSlot[]>();
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

  #update(slots: readonly OptimizerSlot[], settings: Settings, step: number, factor: Tensor | null): void {
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

  /** Clears the gradients. */
  zeroGrad(): void {
    for (const { parameter } of this.parameters) {
      parameter.grad?.dispose();
      parameter.grad = null;
    }
  }

  /** Returns its state: JSON, and the live tensors by `memory.parameter`. */
  state(): { readonly json: OptimizerState; readonly tensors: ReadonlyMap<string, Tensor> } {
    const tensors = new Map<string, Tensor>();
    for (const [name, memory] of this.#memories) {
      for (const [key, tensor] of Object.entries(memory.tensors)) tensors.set(`${key}.${name}`, tensor);
    }
    return { json: { kind: this.kind, steps: [...this.#memories].map(([name, { steps }]) => [name, steps]) }, tensors };
  }

  /**
   * Checks that `restore` would accept a state. It changes nothing.
   *
   * @throws TrainError `CHECKPOINT_MISMATCH` for the state of another optimizer or other parameters, and for a damaged
   * one
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
   * Restores what `state` returned, read back to the host. It restores everything or, if it throws, nothing. Settings
   * are not part of the state.
   *
   * @throws TrainError `CHECKPOINT_MISMATCH` for the state of another optimizer or other parameters, and for a damaged
   * one
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

  /** Frees its state; the model still owns the parameters. */
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

const factorRule = is.nullable(is.like('a tensor, such as the factor of clipGradientNorm', 'backend', 'buffer'));

/** The range of learning rates, also after a schedule: a device computes in float32. */
const rateRule = is.number({ min: 0, max: 3.4028234663852886e38 });

/** The rules of the settings that every optimizer has. */
export const baseRules: OptionRules<BaseSettings> = { learningRate: rateRule, maximize: is.boolean };

/** Creates a group that checks its learning rate when it is set. */
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

/** Merges the given options into the defaults, after the rules have checked them. */
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
