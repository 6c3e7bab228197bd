import { describe, expect, it } from 'vitest';
import { tensor } from '../create.ts';
import { Generator } from '../random/generator.ts';
import { checkGradient, randomValues } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { ctcLoss } from './ctc-loss.ts';

/** −ln Σ p over every labelling path that collapses to the target, by enumeration. */
function bruteForce(
  logits: Float64Array,
  steps: number,
  classes: number,
  target: readonly number[],
  blank: number,
): number {
  const p = Array.from({ length: steps }, (_, t) => {
    const row = Array.from(logits.subarray(t * classes, (t + 1) * classes), Math.exp);
    const total = row.reduce((a, b) => a + b);
    return row.map((value) => value / total);
  });
  let sum = 0;
  for (let code = 0; code < classes ** steps; code++) {
    let [rest, probability] = [code, 1];
    const collapsed: number[] = [];
    let before = -1;
    for (let t = 0; t < steps; t++) {
      const label = rest % classes;
      rest = Math.floor(rest / classes);
      probability *= p[t]![label]!;
      if (label !== blank && label !== before) collapsed.push(label);
      before = label;
    }
    if (collapsed.length === target.length && collapsed.every((label, k) => label === target[k])) sum += probability;
  }
  return -Math.log(sum);
}

describe.each(['require', 'off'] as const)('ctcLoss with fused: %s', (fused) => {
  it('equals the sum over all alignments, with repeats, empty and infeasible targets and lengths', async () => {
    const generator = new Generator(11);
    const backend = createReferenceBackend();
    const [steps, classes] = [5, 3];
    const targets = [[1, 1], [], [2, 1, 2], [1, 1, 1, 1], [2], [1]];
    for (const blank of [0, 2]) {
      const list = targets.map((labels) => labels.map((label) => (label === blank ? 0 : label)));
      const inputLengths = [5, 4, 3, 5, 1, 0];
      const values = randomValues(generator, [steps, list.length, classes]);
      const losses = await ctcLoss(tensor(backend, values, { shape: [steps, list.length, classes] }), {
        targets: list,
        inputLengths,
        blank,
        fused,
      }).data();
      list.forEach((target, n) => {
        const own = Float64Array.from(
          { length: inputLengths[n]! * classes },
          (_, i) => values[(Math.floor(i / classes) * list.length + n) * classes + (i % classes)]!,
        );
        const expected =
          inputLengths[n] === 0
            ? target.length === 0
              ? 0
              : Infinity
            : bruteForce(own, inputLengths[n]!, classes, target, blank);
        if (expected === Infinity) expect(losses[n]).toBe(Infinity);
        else expect(losses[n]).toBeCloseTo(expected, 10);
      });
    }
  });
  it('has a true gradient, which is 0 past the lengths and for infeasible targets under zeroInfinity', () =>
    checkGradient(
      [{ shape: [5, 4, 3] }],
      ([x]) =>
        ctcLoss(x!, {
          targets: [[1, 1], [], [2, 1, 2], [1, 1, 1, 1]],
          inputLengths: [5, 4, 3, 5],
          zeroInfinity: true,
          fused,
        }),
      { tolerance: 1e-6 },
    ));
  it('names a label that is not a class', () => {
    const x = tensor(createReferenceBackend(), new Float64Array(6), { shape: [2, 1, 3] });
    expect(() => ctcLoss(x, { targets: [[0]], fused })).toThrow(/target 0 holds label 0 at 0/);
    expect(() => ctcLoss(x, { targets: [[3]], fused })).toThrow(/expected a class in 0…2/);
    expect(() => ctcLoss(x, { targets: [], fused })).toThrow(/targets for 1 sequences/);
    expect(() => ctcLoss(x, { targets: [[1]], blank: 3, fused })).toThrow(/blank index/);
  });
});
