import { ArgumentError, full, sameShape, show, type HostArray, type Shape, type Tensor } from '@timestep/core';
import { TrainError } from '../errors.ts';
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
}

/** Some of the parameters with the settings they are updated by. */
export interface OptimizerGroup<Settings extends BaseSettings> {
  readonly parameters: readonly NamedParameter[];
  readonly settings: Settings;
  /** What the next step uses; a schedule sets it, from `settings.learningRate`. */
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

  constructor(kind: string, parameters: Parameters | readonly ParameterGroup<Settings>[], settings: Settings) {
    this.kind = kind;
    let count = 0;
    this.groups = splitGroups(parameters).map(([own, overrides]) => {
      const named = nameParameters(own, count);
      count += named.length;
      checkSettingNames(kind, overrides, Object.keys(settings));
      const merged: Settings = { ...settings, ...overrides };
      return { parameters: named, settings: merged, learningRate: merged.learningRate };
    });
    checkParameters(kind, this.parameters);
    for (const group of this.groups) {
      requireRange(kind, 'learningRate', group.settings.learningRate, 0);
      this.checkSettings(group.settings);
    }
  }

  /** Throws an ArgumentError for a setting out of its range. */
  protected abstract checkSettings(settings: Settings): void;

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
      for (const [step, slots] of slotsByStep) this.update(slots, settings, step, factor);
    }
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
   * Takes over what `state` gave, read back to the host. Settings are not part of it: they are those of the
   * constructor.
   *
   * @throws TrainError `CHECKPOINT_MISMATCH` where it belongs to another optimiser or other parameters
   */
  restore(
    json: OptimizerState,
    tensors: ReadonlyMap<string, { readonly shape: Shape; readonly data: HostArray }>,
  ): void {
    if (json.kind !== this.kind) throw mismatch(`expected the state of ${this.kind}, got that of ${json.kind}`);
    const owners = new Map(
      this.groups.flatMap((group) =>
        group.parameters.map(({ name, parameter }) => [name, { group, parameter }] as const),
      ),
    );
    const restored = new Map<string, Memory>();
    for (const [name, steps] of json.steps) {
      const owner = owners.get(name);
      if (!owner) throw mismatch(`it remembers a parameter '${name}' that ${this.kind} was not given`);
      const keys = Object.keys(this.memoryOf(owner.group.settings));
      const entries = keys.map((key) => {
        const found = tensors.get(`${key}.${name}`);
        if (!found || !sameShape(found.shape, owner.parameter.shape)) {
          throw mismatch(
            `expected ${key} of '${name}' with shape ${show(owner.parameter.shape)}, got ${found ? show(found.shape) : 'none'}`,
          );
        }
        return [key, found.data] as const;
      });
      const made = entries.map(
        ([key, data]) => [key, unowned(full(owner.parameter.backend, owner.parameter.shape, 0)).assign(data)] as const,
      );
      restored.set(name, { steps, tensors: Object.fromEntries(made) });
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

function mismatch(what: string): TrainError {
  return new TrainError(
    'CHECKPOINT_MISMATCH',
    `[optimizer] the state does not fit: ${what}; resume with the model and optimiser of the run that saved it`,
  );
}

/** Throws unless low ≤ value, and value < high or, without `high`, finite. */
export function requireRange(kind: string, name: string, value: number, low: number, high = Infinity): void {
  if (!(value >= low && value < high)) {
    throw new ArgumentError(`[${kind}] expected ${name} in [${low}, ${high}), got ${value}`);
  }
}

/** The defaults, with what was given in their place. */
export function settingsOf<Defaults extends object, Options extends object>(
  kind: string,
  defaults: Defaults,
  options: Options,
): Defaults & Options {
  checkSettingNames(kind, options, [...new Set(['learningRate', ...Object.keys(defaults)])]);
  return { ...defaults, ...options };
}

/** A setting of another name, such as PyTorch's lr, would otherwise leave the default without a word. */
function checkSettingNames(kind: string, given: object, names: readonly string[]): void {
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new ArgumentError(`[${kind}] unknown setting ${unknown.join(', ')}; expected ${names.join(', ')}`);
}
