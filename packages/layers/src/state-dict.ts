import {
  ArgumentError,
  checkValue,
  describe,
  is,
  type OptionRules,
  type Rule,
  type DType,
  type HostArray,
  type Shape,
  type Tensor,
} from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';

/** A tensor in host memory, row-major. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostArray;
}

/** Parameters and buffers by name. */
export type StateDict = Map<string, HostTensor>;

/** A tensor as `loadStateDict` accepts it. The typed array determines the dtype. */
export interface LoadableTensor {
  readonly shape: Shape;
  readonly data: HostArray;
}

/** A state dict as `loadStateDict` accepts it: a Map or an object, name → tensor. */
export type LoadableStateDict = ReadonlyMap<string, LoadableTensor> | Readonly<Record<string, LoadableTensor>>;

/** Options of {@link Module.loadStateDict}. */
export interface LoadOptions {
  /** Every name must be on both sides; true by default. */
  readonly strict?: boolean | undefined;
}

export const loadRules: OptionRules<LoadOptions> = { strict: is.optional(is.boolean) };

/** The names that `loadStateDict` could not match. */
export interface LoadReport {
  /** Names that the module has and the dict lacks; a tied parameter has several, of which one is enough. */
  readonly missing: readonly string[];
  /** Names that the dict has and the module lacks. */
  readonly unexpected: readonly string[];
}

interface Assignment {
  readonly target: Tensor;
  readonly data: HostArray;
}

const dictRule: Rule = (value) =>
  value instanceof Map || Object.prototype.toString.call(value) === '[object Object]'
    ? null
    : 'a Map or an object with the tensors by name';

/** Compares a state dict with a module's tensors before anything is written. */
export function checkStateDict(
  targets: ReadonlyMap<string, Tensor>,
  dict: LoadableStateDict,
  strict: boolean,
): { report: LoadReport; assignments: Assignment[] } {
  checkValue('loadStateDict', 'dict', dict, dictRule);
  const given = new Map(dict instanceof Map ? dict : Object.entries(dict as Record<string, LoadableTensor>));
  for (const [name, entry] of given)
    checkValue('loadStateDict', name, entry, is.like('{ shape, data } with a typed array', 'shape', 'data'));
  // Of a tied parameter one name is enough: safetensors.torch.save_model leaves out the others.
  const loaded = new Set([...targets].flatMap(([name, target]) => (given.has(name) ? [target] : [])));
  const missing = [...targets].flatMap(([name, target]) => (loaded.has(target) ? [] : [name]));
  const unexpected = [...given.keys()].filter((name) => !targets.has(name));
  const misfits: string[] = [];
  const assignments: Assignment[] = [];
  for (const [name, entry] of given) {
    const target = targets.get(name);
    if (!target) continue;
    const misfit = compare(target, entry);
    if (misfit) misfits.push(`${name} ${misfit}`);
    else assignments.push({ target, data: entry.data });
  }
  const problems = [
    ...(strict && missing.length > 0 ? [`missing ${missing.join(', ')}`] : []),
    ...(strict && unexpected.length > 0 ? [`unexpected ${unexpected.join(', ')}`] : []),
    ...misfits,
  ];
  if (problems.length > 0) {
    const hint =
      misfits.length > 0
        ? 'build the model with the sizes it was saved with'
        : 'rename the entries, or pass { strict: false } to load those that match';
    throw new ArgumentError(
      `[loadStateDict] the state dict does not fit, nothing was loaded: ${problems.join('; ')}; ${hint}`,
      'STATE_DICT_MISMATCH',
    );
  }
  return { report: { missing, unexpected }, assignments };
}

function compare(target: Tensor, { shape, data }: LoadableTensor): string | null {
  if (!Array.isArray(shape)) return `expected a shape, got ${describe(shape)}`;
  if (!ArrayBuffer.isView(data)) return `expected a typed array as data, got ${describe(data)}`;
  if (!sameShape(target.shape, shape)) return `expected shape ${show(target.shape)}, got ${show(shape)}`;
  if (data.length !== target.size)
    return `expected ${target.size} values for shape ${show(target.shape)}, got ${data.length}`;
  const kind = data instanceof Int32Array ? 'i32' : data instanceof Uint32Array ? 'u32' : 'f32';
  return kind === target.dtype ? null : `expected dtype ${target.dtype}, got ${kind}`;
}
