import { ArgumentError, describe, Tensor } from '@timestep/core';

/** A tensor to be trained with the name it has in messages and checkpoints. */
export interface NamedParameter {
  readonly name: string;
  readonly parameter: Tensor;
}

/** Tensors, named by their place, or `[name, tensor]` pairs such as `model.namedParameters()` gives. */
export type Parameters = Iterable<Tensor> | Iterable<readonly [string, Tensor]>;

/** Parameters with settings of their own, where they differ from the optimizer's. */
export type ParameterGroup<Settings> = { readonly parameters: Parameters } & Partial<Settings>;

/** Each group's parameters with the settings that are its own. */
export function splitGroups<Settings>(
  where: string,
  given: Parameters | readonly ParameterGroup<Settings>[],
): [Parameters, Partial<Settings>][] {
  const entries = entriesOf(where, given);
  const groups = entries.filter(isGroup);
  if (groups.length === 0) return [[entries as Tensor[], {}]];
  if (groups.length < entries.length)
    throw new ArgumentError(
      `[${where}] expected parameters or groups of them, got both; put the loose ones into a group { parameters }`,
    );
  return groups.map(({ parameters, ...overrides }) => [parameters, overrides as Partial<Settings>]);
}

function entriesOf(where: string, given: unknown): unknown[] {
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return [...(given as Iterable<unknown>)];
  const hint =
    typeof given === 'object' && given !== null && 'namedParameters' in given
      ? 'pass model.namedParameters(), not the model'
      : 'pass model.namedParameters()';
  throw new ArgumentError(`[${where}] expected parameters, got ${describe(given)}; ${hint}`);
}

function isGroup(entry: unknown): entry is { readonly parameters: Parameters } {
  return typeof entry === 'object' && entry !== null && !(entry instanceof Tensor) && 'parameters' in entry;
}

export function nameParameters(where: string, parameters: Parameters, firstIndex: number): NamedParameter[] {
  return entriesOf(where, parameters).map((entry, index) => {
    const [name, parameter]: readonly unknown[] = Array.isArray(entry) ? entry : [String(firstIndex + index), entry];
    if (typeof name !== 'string' || !(parameter instanceof Tensor))
      throw new ArgumentError(
        `[${where}] expected a tensor or a pair [name, tensor] as parameter ${firstIndex + index}, got ${describe(entry)}; pass model.namedParameters()`,
      );
    return { name, parameter };
  });
}

/** Each once, under one name, on one backend. */
export function checkParameters(where: string, all: readonly NamedParameter[]): void {
  if (all.length === 0)
    throw new ArgumentError(`[${where}] expected at least one parameter, got none; pass model.namedParameters()`);
  const names = new Set<string>();
  const tensors = new Set<Tensor>();
  const { backend } = all[0]!.parameter;
  for (const { name, parameter } of all) {
    if (names.has(name) || tensors.has(parameter)) {
      throw new ArgumentError(`[${where}] parameter '${name}' is given twice; name each parameter once, in one group`);
    }
    if (parameter.backend !== backend) {
      throw new ArgumentError(
        `[${where}] parameter '${name}' is on backend '${parameter.backend.name}', the others on '${backend.name}'; move the model first`,
        'BACKEND_MISMATCH',
      );
    }
    names.add(name);
    tensors.add(parameter);
  }
}
