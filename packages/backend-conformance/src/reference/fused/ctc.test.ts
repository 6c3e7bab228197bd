import { expect, test } from 'vitest';
import { TestRandom } from '../../suite/random.ts';
import { createReferenceBackend } from '../backend.ts';

/** −ln of the summed probability of every path that collapses to the target, by listing all C^frames of them. */
function bruteForce(
  probability: (t: number, k: number) => number,
  frames: number,
  classes: number,
  target: readonly number[],
  blank: number,
): number {
  let total = 0;
  for (let path = 0; path < classes ** frames; path++) {
    const labels = Array.from({ length: frames }, (_, t) => Math.floor(path / classes ** t) % classes);
    const collapsed = labels.filter((label, t) => label !== blank && label !== labels[t - 1]);
    if (collapsed.join() === target.join())
      total += labels.reduce((product, label, t) => product * probability(t, label), 1);
  }
  return -Math.log(total);
}

test.each([
  { target: [0, 2], frames: 5 },
  { target: [2, 2], frames: 5 },
  { target: [2, 2], frames: 3 },
  { target: [0, 0, 0], frames: 5 },
  { target: [], frames: 4 },
  { target: [3], frames: 1 },
  { target: [2, 2], frames: 2 },
  { target: [], frames: 0 },
  { target: [3], frames: 0 },
])('ctcLoss of $target in $frames frames is what listing every path gives', async ({ target, frames }) => {
  const [classes, blank, steps] = [4, 1, 5];
  const backend = createReferenceBackend();
  const logits = new TestRandom(9).floats(steps * classes, -2, 2);
  const buffer = backend.alloc('f32', logits.length);
  backend.write(buffer, logits);
  const { outputs } = backend.fused.ctcLoss.forward(
    {
      steps,
      batch: 1,
      classes,
      blank,
      targets: Int32Array.from(target),
      maxTargetLength: target.length,
      inputLengths: Int32Array.of(frames),
      targetLengths: Int32Array.of(target.length),
      zeroInfinity: false,
      needsSaved: false,
    },
    { logits: buffer },
  );
  const probability = (t: number, k: number) => {
    const row = logits.subarray(t * classes, (t + 1) * classes).map(Math.exp);
    return row[k]! / row.reduce((sum, value) => sum + value, 0);
  };
  const expected = bruteForce(probability, frames, classes, target, blank);
  const [loss] = await backend.read(outputs.losses);
  if (expected === Infinity) expect(loss).toBe(Infinity);
  else expect(loss).toBeCloseTo(expected, 12);
});
