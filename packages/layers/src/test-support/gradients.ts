import { add, Generator, multiply, noGrad, sum, tensor, type Backend, type Tensor } from '@timestep/core';
import { expect } from 'vitest';

/** A leaf of normal deviates. */
export function randomLeaf(backend: Backend, shape: readonly number[], generator: Generator): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(
    backend,
    Float64Array.from({ length: size }, () => generator.normal()),
    { shape, requiresGrad: true },
  );
}

/** L = Σ weight∘output over several outputs, with random weights: an upstream gradient that hides nothing. */
export function weightedSum(outputs: readonly Tensor[], seed = 99): Tensor {
  const generator = new Generator(seed);
  const parts = outputs.map((output) =>
    sum(multiply(output, randomLeaf(output.backend, output.shape, generator).detach())),
  );
  return parts.reduce((total, part) => add(total, part));
}

/**
 * Compares the gradient of every leaf with central differences of the loss, through the real tape on the float64
 * reference: with a step of 1e-5 a right gradient comes within about 1e-9.
 *
 * @param leaves by name, such as the inputs and `Object.fromEntries(model.namedParameters())`
 * @param run from the leaves, as they are at the time, to the outputs
 * @param most elements of each leaf to look at, evenly spread
 */
export async function checkGradients(
  leaves: Readonly<Record<string, Tensor>>,
  run: () => readonly Tensor[],
  most = 12,
): Promise<void> {
  const [first] = Object.values(leaves);
  const { backend } = first!;
  weightedSum(run()).backward();
  const loss = async (): Promise<number> => await noGrad(backend, () => weightedSum(run())).item();
  for (const [name, leaf] of Object.entries(leaves)) {
    expect(leaf.grad, `${name} has a gradient`).not.toBeNull();
    const gradient = await leaf.grad!.data();
    const values = Float64Array.from(await leaf.data());
    const stride = Math.max(1, Math.floor(leaf.size / most));
    for (let k = 0; k < leaf.size; k += stride) {
      const shifted = async (by: number): Promise<number> => {
        leaf.assign(values.map((value, index) => (index === k ? value + by : value)));
        return await loss();
      };
      const numeric = ((await shifted(1e-5)) - (await shifted(-1e-5))) / 2e-5;
      expect(
        Math.abs(gradient[k]! - numeric),
        `${name}[${k}]: ${gradient[k]} by the tape, ${numeric} by differences`,
      ).toBeLessThan(1e-7 * Math.max(1, Math.abs(numeric)));
    }
    leaf.assign(values);
  }
}
