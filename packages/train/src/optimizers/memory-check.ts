import { is, type Tensor } from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';
import { fits, record, tuple } from '../checkpoint/schema.ts';
import { TrainError } from '../errors.ts';
import type { OptimizerState, OptimizerTensors } from './optimizer-state.ts';

const stateRule = record({ kind: is.string, steps: is.arrayOf(tuple(is.string, is.integer(1))) });

/**
 * Compares the saved state of an optimizer with the state that it expects.
 *
 * @param expected the names of the state tensors of each parameter
 * @throws TrainError `CHECKPOINT_MISMATCH`
 */
export function checkMemory(
  kind: string,
  json: OptimizerState,
  tensors: OptimizerTensors,
  expected: ReadonlyMap<string, { readonly parameter: Tensor; readonly keys: readonly string[] }>,
): void {
  if (!fits<OptimizerState>(json, stateRule)) throw mismatch('it is not { kind, steps } as state() gives it');
  if (json.kind !== kind) throw mismatch(`expected the state of ${kind}, got that of ${json.kind}`);
  const wanted = new Set<string>();
  const seen = new Set<string>();
  for (const [name] of json.steps) {
    const owner = expected.get(name);
    if (!owner) throw mismatch(`it remembers a parameter '${name}' that ${kind} was not given`);
    if (seen.has(name)) throw mismatch(`it remembers '${name}' twice`);
    seen.add(name);
    const { parameter, keys } = owner;
    for (const key of keys) {
      wanted.add(`${key}.${name}`);
      const found = tensors.get(`${key}.${name}`);
      if (!found || !sameShape(found.shape, parameter.shape))
        throw mismatch(
          `expected ${key} of '${name}' with shape ${show(parameter.shape)}, got ${found ? show(found.shape) : 'none'}`,
        );
      const { data } = found;
      if (!(data instanceof Float32Array || data instanceof Float64Array) || data.length !== parameter.size)
        throw mismatch(`expected ${key} of '${name}' to be ${parameter.size} floats`);
    }
  }
  const extra = [...tensors.keys()].find((name) => !wanted.has(name));
  if (extra !== undefined) throw mismatch(`it remembers '${extra}', which ${kind} with these settings does not`);
}

function mismatch(what: string): TrainError {
  return new TrainError(
    'CHECKPOINT_MISMATCH',
    `[optimizer] the state does not fit: ${what}; resume with the model and optimizer of the run that saved it`,
  );
}
