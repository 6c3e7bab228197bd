import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, tensor } from '@timestep/core';
import { expect, it } from 'vitest';
import { GRU } from '../recurrent/gru.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { ManyToMany } from './many-to-many.ts';
import { stream } from './stream.ts';

const backend = createReferenceBackend();
const make = () =>
  new ManyToMany({
    backend,
    layer: new GRU({ backend, inputSize: 2, hiddenSize: 3, generator: new Generator(1) }),
    outputSize: 2,
    generator: new Generator(2),
  });
const frame = (t: number): number[] => [Math.sin(t), Math.cos(3 * t)];
const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Frames with a turn of the event loop before some of them. */
async function* source(
  count: number,
  log: { made: number; closed: boolean } = { made: 0, closed: false },
): AsyncGenerator<number[]> {
  try {
    for (let t = 0; t < count; t++) {
      if (t % 3 === 1) await wait();
      log.made++;
      yield frame(t);
    }
  } finally {
    log.closed = true;
  }
}

async function whole(model: ReturnType<typeof make>, count: number): Promise<number[][]> {
  const values = Float32Array.from({ length: 2 * count }, (_, k) => frame(Math.floor(k / 2))[k % 2]!);
  const { output } = model.forward(tensor(backend, values, { shape: [count, 1, 2] }));
  return ((await output.array()) as number[][][]).map(([row]) => row!);
}

it.each([1, 2, 5, 100])('gives frame by frame what the whole sequence gives, with room for %i frames', (capacity) =>
  leakChecked(backend, async () => {
    using model = make();
    const expected = await whole(model, 20);
    let t = 0;
    for await (const output of stream(model, source(20), { backend, capacity })) {
      output.forEach((value, k) => expect(value).toBeCloseTo(expected[t]![k]!, 6));
      t++;
      if (t % 4 === 0) await wait();
    }
    expect(t).toBe(20);
  }),
);

it('takes plain arrays, and goes on from a state that stays the caller’s', () =>
  leakChecked(backend, async () => {
    using model = make();
    const { state } = model.forward(tensor(backend, frame(0), { shape: [1, 1, 2] }));
    const expected = await whole(model, 3);
    const got: Float32Array[] = [];
    for await (const output of stream(model, [frame(1), frame(2)], { backend, state })) got.push(output);
    got.forEach((output, t) => output.forEach((value, k) => expect(value).toBeCloseTo(expected[t + 1]![k]!, 6)));
    expect((await state.h.data()).length).toBe(3);
  }));

it('never reads further ahead than its capacity, and closes the source where the reader leaves', async () => {
  using model = make();
  const before = backend.memory().buffers;
  const log = { made: 0, closed: false };
  let taken = 0;
  for await (const _output of stream(model, source(1000, log), { backend, capacity: 4 })) {
    taken++;
    for (let turn = 0; turn < 6; turn++) await wait();
    // At most four that wait, and four that were computed together.
    expect(log.made - taken).toBeLessThanOrEqual(8);
    if (taken === 10) break;
  }
  expect(log.closed).toBe(true);
  expect(backend.memory().buffers).toBe(before);
});

it('hands on an error of the source behind the outputs before it, and leaves nothing behind', async () => {
  using model = make();
  const before = backend.memory().buffers;
  async function* failing(): AsyncGenerator<number[]> {
    yield* source(5);
    throw new Error('the microphone is gone');
  }
  let count = 0;
  const run = async (): Promise<void> => {
    for await (const _output of stream(model, failing(), { backend, capacity: 3 })) count++;
  };
  await expect(run()).rejects.toThrow('the microphone is gone');
  expect(count).toBe(5);
  expect(backend.memory().buffers).toBe(before);
});

it('names a frame of another length', async () => {
  using model = make();
  const run = async (): Promise<void> => {
    for await (const _output of stream(model, [frame(0), frame(1), [1]], { backend })) continue;
  };
  await expect(run()).rejects.toThrow('[stream] frame 2 has 1 features, expected 2 as the first had');
  await expect(stream(model, [], { backend, capacity: 0 }).next()).rejects.toThrow(
    '[stream] expected capacity to be a whole number of at least 1, got 0',
  );
});
