import type { Backend, FusedOpName, HostArray } from '@timestep/backend-api';
import { TimestepError, openScope, withFused, type FusedMode, type Tensor } from '@timestep/core';
import type { Accuracy } from '../../accuracy.ts';
import { SkipCheck, type Check, type CheckContext } from '../../check.ts';
import { compare } from '../../compare.ts';

/** Makes tensors on a backend and gives those to compare, by name. */
export type CoreRecipe = (backend: Backend) => Readonly<Record<string, Tensor>>;

/** Runs a recipe with fused operations or without, in a scope of its own, and reads its results. */
async function collectTensors(
  backend: Backend,
  mode: FusedMode,
  recipe: CoreRecipe,
): Promise<Record<string, HostArray>> {
  using _scope = openScope(backend);
  const results = Object.entries(withFused(backend, mode, () => recipe(backend)));
  const arrays = await backend.readMany(results.map(([, { buffer }]) => buffer));
  return Object.fromEntries(results.map(([name], n) => [name, arrays[n]!]));
}

/** A recipe through core on the backend under test agrees with the reference's fused operations. */
export async function agreeThroughCore(
  context: CheckContext,
  mode: FusedMode,
  recipe: CoreRecipe,
  accuracy: (result: string) => Accuracy,
  label = '',
): Promise<void> {
  const expected = await collectTensors(context.reference, 'require', recipe);
  const actual = await collectTensors(context.backend, mode, recipe).catch((error: unknown) => {
    if (error instanceof TimestepError && error.code === 'UNSUPPORTED') throw new SkipCheck(error.message);
    throw error;
  });
  for (const [name, values] of Object.entries(expected))
    compare(label === '' ? name : `${label}: ${name}`, actual[name]!, values, accuracy(name), context.nonFinite);
}

/**
 * Two checks of one recipe: core with the backend's own operation, and core's fallback in primitives of the backend.
 */
export function coreChecks(
  op: FusedOpName,
  title: string,
  recipe: () => CoreRecipe,
  accuracy: (result: string) => Accuracy,
): Check[] {
  return [
    {
      name: `core ${op} fused: ${title}`,
      op,
      run: (context) => agreeThroughCore(context, 'require', recipe(), accuracy),
    },
    { name: `core ${op} fallback: ${title}`, run: (context) => agreeThroughCore(context, 'off', recipe(), accuracy) },
  ];
}

/** One check of a recipe that has no fused form. */
export function plainCoreCheck(name: string, recipe: CoreRecipe, accuracy: Accuracy): Check {
  return { name: `core ${name}`, run: (context) => agreeThroughCore(context, 'auto', recipe, () => accuracy) };
}
