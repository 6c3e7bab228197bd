import { ArgumentError, type Tensor } from '@timestep/core';

/** A tensor to be trained with the name it has in messages and checkpoints. */
export interface NamedParameter {
  readonly name: string;
  readonly parameter: Tensor;
}

/** Tensors, named by their place, or `[name, tensor]` pairs such as `model.namedParameters()` gives. */
export type Parameters = Iterable<Tensor> | Iterable<readonly [string, Tensor]>;

/** Parameters with settings of their own, where they differ from the optimiser's. */
export type ParameterGroup<Settings> = { readonly parameters: Parameters } & Partial<Settings>;

/** Each group's parameters with the settings that are its own. */
export function splitGroups<Settings>(
  given: Parameters | readonly ParameterGroup<Settings>[],
): [Parameters, Partial<Settings>][] {
  const entries: readonly (Tensor | readonly [string, Tensor] | ParameterGroup<Settings>)[] = [...given];
  const groups = entries.filter((entry) => 'parameters' in entry);
  if (groups.length === 0) return [[entries as readonly (Tensor | readonly [string, Tensor])[] as Parameters, {}]];
  return groups.map(({ parameters, ...overrides }) => [parameters, overrides as Partial<Settings>]);
}

export function nameParameters(parameters: Parameters, firstIndex: number): NamedParameter[] {
  return Array.from<Tensor | readonly [string, Tensor], NamedParameter>(parameters, (entry, index) =>
    isPair(entry) ? { name: entry[0], parameter: entry[1] } : { name: String(firstIndex + index), parameter: entry },
  );
}

function isPair(entry: Tensor | readonly [string, Tensor]): entry is readonly [string, Tensor] {
  return Array.isArray(entry);
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
