import { checkOptions, checkValue, Generator, is, isTraining, Tensor, tensor, type Backend } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { visitHeld } from './held.ts';
import { layerRules } from './options.ts';
import { Parameter } from './parameter.ts';
import {
  checkStateDict,
  loadRules,
  type LoadableStateDict,
  type LoadOptions,
  type LoadReport,
  type StateDict,
} from './state-dict.ts';
import { summarize } from './summary.ts';

/** A parameter or buffer that a module holds, and a function that replaces it. */
export interface TensorSlot {
  readonly name: string;
  readonly value: Tensor;
  replace(fresh: Tensor): void;
}

/** A tensor or submodule that a module holds, with its public name. */
export type Slot = TensorSlot | { readonly name: string; readonly value: Module };

/**
 * The base class of every layer and model. A module finds its parameters and submodules in its properties.
 *
 * ```ts
 * class Tagger extends Module {
 *   lstm: LSTM;
 *   head: Linear;
 *
 *   constructor(backend: Backend) {
 *     super();
 *     this.lstm = new LSTM({ backend, inputSize: 16, hiddenSize: 32, bidirectional: true });
 *     this.head = new Linear({ backend, inputSize: 64, outputSize: 5 });
 *   }
 *
 *   forward(x: Tensor): Tensor {
 *     return this.head.forward(this.lstm.forward(x).output);
 *   }
 * }
 * ```
 *
 * - A property that holds a {@link Parameter} is trained.
 * - A property that holds another Tensor is a buffer: it is saved and moved, but not trained.
 * - A property that holds a Module, or an array of any of these, is searched too.
 * - Plain objects and Maps are searched for Modules and Parameters. Other tensors in them, such as a state, are
 *   ignored.
 * - `#private` fields and Sets are not searched.
 *
 * A name is the path to the tensor: `lstm.weight_ih_l0_reverse`, `head.weight`, `blocks.2.bias`, `heads.color.weight`.
 */
export abstract class Module {
  /** The module's mode: false switches dropout off. Set it with `train()` and `eval()`. */
  training = true;

  /**
   * The type's name in messages and summaries. The layers of this package return a constant, so a minifier does not
   * change it. Override it in your own class for the same effect; the default is the class's name.
   */
  get typeName(): string {
    return this.constructor.name;
  }

  /**
   * Whether dropout and the like are active now: `training` is true, and the code does not run in a scope with
   * `{ training: false }`. Use this one in your own modules.
   */
  get inTraining(): boolean {
    return this.training && isTraining();
  }

  /**
   * The tensors and modules that this module holds directly, in the order of assignment. Override it to give the parts
   * other names.
   */
  slots(): Slot[] {
    return ownSlots(this);
  }

  /** The direct submodules. Override it if the module holds some that `slots` does not list. */
  children(): Module[] {
    return this.slots().flatMap(({ value }) => (value instanceof Module ? [value] : []));
  }

  /** This module and every module below it, each once. */
  modules(): Module[] {
    // A set is iterated in order of insertion, entries added on the way included.
    const found = new Set<Module>([this]);
    for (const module of found) for (const child of module.children()) found.add(child);
    return [...found];
  }

  /** This module as `''` and every module below that has a name, by path, each once. */
  namedModules(): [string, Module][] {
    const found = new Map<Module, string>();
    const visit = (module: Module, path: string): void => {
      if (found.has(module)) return;
      found.set(module, path);
      for (const { name, value } of module.slots()) if (value instanceof Module) visit(value, join(path, name));
    };
    visit(this, '');
    return [...found].map(([module, path]) => [path, module]);
  }

  /** Every parameter with its path. A shared parameter appears once, under its first path. */
  namedParameters(): [string, Parameter][] {
    const found = new Map<Parameter, string>();
    for (const [name, value] of this.#namedTensors())
      if (value instanceof Parameter && !found.has(value)) found.set(value, name);
    return [...found].map(([parameter, name]) => [name, parameter]);
  }

  /** Every parameter, each once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer (a tensor that is saved and moved but not trained) with its path. */
  namedBuffers(): [string, Tensor][] {
    return this.#namedTensors().filter(([, value]) => !(value instanceof Parameter));
  }

  /**
   * The random generators of this module and its submodules, each once. A resumed run needs them besides the
   * parameters.
   */
  generators(): Generator[] {
    const found = new Set<Generator>();
    for (const module of this.modules()) {
      visitHeld(module, ({ value }) => {
        if (value instanceof Generator) found.add(value);
      });
    }
    return [...found];
  }

  /** Switches this module and its submodules to training mode, in which dropout is active. */
  train(training = true): this {
    checkValue('Module.train', 'training', training, is.boolean);
    for (const module of this.modules()) module.training = training;
    return this;
  }

  /** Switches this module and its submodules to evaluation mode, in which dropout is inactive. */
  eval(): this {
    return this.train(false);
  }

  /** Stops training every parameter of this module and its submodules; `freeze(false)` resumes it. */
  freeze(frozen = true): this {
    checkValue('Module.freeze', 'frozen', frozen, is.boolean);
    for (const parameter of this.parameters()) {
      parameter.requiresGrad = !frozen;
      if (frozen) parameter.zeroGrad();
    }
    return this;
  }

  /** Clears the gradients of every parameter. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /**
   * Moves parameters and buffers to another backend. The properties hold new tensors afterwards, so create the
   * optimizer after the move. Gradients are cleared.
   */
  async to(backend: Backend): Promise<this> {
    checkValue('Module.to', 'backend', backend, layerRules.backend);
    const slots = this.#tensorSlots();
    const tensors = [...new Set(slots.map(({ value }) => value))].filter((value) => value.backend !== backend);
    const copies = await readAll(tensors);
    const moved = new Map<Tensor, Tensor>();
    tensors.forEach((old, index) => {
      const fresh = unowned(
        old instanceof Parameter
          ? new Parameter(backend, old.shape, copies[index]!)
          : tensor(backend, copies[index]!, { shape: old.shape, dtype: old.dtype }),
      );
      fresh.requiresGrad = old.requiresGrad;
      moved.set(old, fresh);
    });
    for (const { value, replace } of slots) {
      const fresh = moved.get(value);
      if (fresh) replace(fresh);
    }
    for (const old of tensors) old.dispose();
    return this;
  }

  /**
   * Parameters and buffers by name, copied to the host: names, shapes and gate order are PyTorch's. Tied parameters
   * appear under each of their names.
   */
  async stateDict(): Promise<StateDict> {
    const named = this.#namedTensors();
    const unique = [...new Set(named.map(([, value]) => value))];
    const data = await readAll(unique);
    return new Map(
      named.map(([name, value]) => [
        name,
        { dtype: value.dtype, shape: value.shape, data: data[unique.indexOf(value)]! },
      ]),
    );
  }

  /**
   * Loads parameters and buffers from a state dict. It loads all of them or, if it throws, none.
   *
   * @param dict a Map or an object, name → `{ shape, data }`
   * @param options.strict throw for missing and unexpected names, as by default; otherwise load what fits by name
   * @returns the names that were missing and unexpected (both empty where strict)
   * @throws ArgumentError `STATE_DICT_MISMATCH` that lists every missing, unexpected and misshapen entry
   */
  loadStateDict(dict: LoadableStateDict, options: LoadOptions = {}): LoadReport {
    checkOptions('loadStateDict', options, loadRules);
    const { report, assignments } = checkStateDict(new Map(this.#namedTensors()), dict, options.strict ?? true);
    for (const { target, data } of assignments) target.assign(data);
    return report;
  }

  /** A table of layers, parameters, shapes, counts and bytes, for printing. */
  summary(): string {
    return summarize(this);
  }

  /** Frees every parameter and buffer. */
  dispose(): void {
    for (const { value } of this.#tensorSlots()) value.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #namedTensors(): [string, Tensor][] {
    return this.#tensorSlots().map(({ name, value }) => [name, value]);
  }

  /** The slots that hold tensors, here and below, under their full names. */
  #tensorSlots(): TensorSlot[] {
    return this.namedModules().flatMap(([path, module]) =>
      module
        .slots()
        .filter(isTensorSlot)
        .map((slot) => ({ ...slot, name: join(path, slot.name) })),
    );
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The contents of tensors, of several backends if need be, in one transaction for each. */
async function readAll(tensors: readonly Tensor[]) {
  const backends = [...new Set(tensors.map(({ backend }) => backend))];
  const read = await Promise.all(
    backends.map((backend) =>
      backend.readMany(tensors.filter((one) => one.backend === backend).map(({ buffer }) => buffer)),
    ),
  );
  return tensors.map((one) => read[backends.indexOf(one.backend)]!.shift()!);
}

/**
 * Returns the tensors and modules in an object's properties, also inside arrays, plain objects and Maps. A tensor that
 * isn't a parameter counts as a buffer only in a property or an array, because objects and Maps also hold states.
 */
function ownSlots(owner: object): Slot[] {
  const slots: Slot[] = [];
  visitHeld(owner, ({ path: name, value, direct, replace }) => {
    if (value instanceof Tensor) {
      if (direct || value instanceof Parameter) slots.push({ name, value, replace });
    } else if (value instanceof Module) slots.push({ name, value });
  });
  return slots;
}

function isTensorSlot(slot: Slot): slot is TensorSlot {
  return slot.value instanceof Tensor;
}
