import type { HostArray } from '@timestep/backend-api';
import type { Accuracy } from '../../accuracy.ts';
import { CheckFailure, type CheckContext } from '../../check.ts';
import { compare } from '../../compare.ts';
import { collect, type Results, type Side } from '../../side.ts';

/** Both zeros, denormal numbers, very small and very large ones, infinities and NaN; and a few ordinary ones beside. */
export const extremes: readonly number[] = [
  ...[0, 1e-40, 1e-30, 1e30, 3.4e38, Infinity].flatMap((value) => [value, -value]),
  NaN,
  ...[1, -1, 0.5, -2.5, 3],
];

/** The least normal float32: below it a device may take a number for 0. */
const leastNormal = 2 ** -126;

function flush(values: Float64Array): Float64Array {
  return values.map((value) => (Math.abs(value) < leastNormal ? value * 0 : value));
}

/**
 * Compares with the reference, rounded to float32. A device may take denormal numbers for 0, so for each element the
 * result from flushed inputs is right too, and a result that is denormal may be 0.
 *
 * @param recipe what is run, from the inputs that it is given
 */
export async function agreeAtExtremes(
  context: CheckContext,
  inputs: readonly Float64Array[],
  recipe: (side: Side, inputs: readonly Float64Array[]) => Results,
  accuracy: Accuracy,
  label: string,
): Promise<void> {
  const run = (on: CheckContext['backend'], given: readonly Float64Array[]) =>
    collect(on, (side) => recipe(side, given));
  const actual = await run(context.backend, inputs);
  const expected = await run(context.reference, inputs);
  const flushed = await run(context.reference, inputs.map(flush));
  for (const [name, values] of Object.entries(expected)) {
    const found = actual[name]!;
    const allowed = { ...accuracy, absolute: accuracy.absolute + leastNormal };
    for (let n = 0; n < values.length; n++) {
      const [one, right, other] = [found, values, flushed[name]!].map((array) => array.slice(n, n + 1) as HostArray);
      if (agrees(one!, other!, allowed, context)) continue;
      const at = inputs.map((input) => input[n]).join(', ');
      compare(`${label}(${at}) ${name}`, one!, right!, allowed, context.nonFinite);
    }
  }
}

function agrees(actual: HostArray, expected: HostArray, accuracy: Accuracy, { nonFinite }: CheckContext): boolean {
  try {
    compare('', actual, expected, accuracy, nonFinite);
    return true;
  } catch (error) {
    if (error instanceof CheckFailure) return false;
    throw error;
  }
}
