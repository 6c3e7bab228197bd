import { expect } from 'vitest';
import { tensor } from '../create.ts';
import { add, multiply } from '../ops/binary.ts';
import { sum } from '../ops/reduce.ts';
import { Generator } from '../random/generator.ts';
import { openScope } from '../scope.ts';
import { sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { createReferenceBackend } from './reference.ts';

/** Normal deviates, rounded to nothing: float64 all the way. */
export function randomValues(generator: Generator, shape: Shape, deviation = 1): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, () => generator.normal(0, deviation));
}

/**
 * Compares the tape's gradient with central differences in float64, for every element of every input, under a random
 * upstream gradient; and sees to it that nothing is left on the backend.
 *
 * @param values the inputs' contents; `body` returns one tensor or several, all of which take part
 */
export async function checkGradient(
  inputs: readonly { readonly shape: Shape; readonly values?: Float64Array }[],
  body: (inputs: Tensor[]) => Tensor | readonly Tensor[],
  { seed = 1, step = 1e-5, tolerance = 1e-7 } = {},
): Promise<void> {
  const backend = createReferenceBackend();
  const before = backend.memory().buffers;
  const generator = new Generator(seed);
  const values = inputs.map(({ shape, values: given }) => given ?? randomValues(generator, shape));
  const upstream: Float64Array[] = [];

  /** The weighted sum of all outputs, as a number of the inputs. */
  const evaluate = (requiresGrad: boolean, contents: readonly Float64Array[]): { loss: Tensor; leaves: Tensor[] } => {
    const leaves = inputs.map(({ shape }, k) => tensor(backend, contents[k]!, { shape, requiresGrad }));
    const made = body(leaves);
    const outputs = 'backend' in made ? [made] : made;
    const loss = outputs
      .map((output, k) => {
        upstream[k] ??= randomValues(generator, output.shape);
        return sum(multiply(output, tensor(backend, upstream[k], { shape: output.shape })));
      })
      .reduce((total, part) => add(total, part));
    return { loss, leaves };
  };

  {
    using _scope = openScope(backend);
    const { loss, leaves } = evaluate(true, values);
    loss.backward();
    const analytic = await Promise.all(
      leaves.map(async ({ grad, size }) => (grad ? await grad.data() : new Float64Array(size))),
    );
    for (let k = 0; k < values.length; k++) {
      const contents = values.map((list) => list.slice());
      for (let i = 0; i < values[k]!.length; i++) {
        const at = async (shift: number): Promise<number> => {
          using _inner = openScope(backend, { gradient: false });
          contents[k]![i] = values[k]![i]! + shift;
          const result = await evaluate(false, contents).loss.item();
          contents[k]![i] = values[k]![i]!;
          return result;
        };
        const numeric = ((await at(step)) - (await at(-step))) / (2 * step);
        const got = analytic[k]![i]!;
        const allowed = tolerance * (1 + Math.abs(numeric)) * 10;
        expect(
          Math.abs(got - numeric),
          `gradient of input ${k} at ${i}: tape ${got}, differences ${numeric}`,
        ).toBeLessThanOrEqual(allowed);
      }
    }
  }
  expect(backend.memory().buffers, 'buffers left behind').toBe(before);
}
