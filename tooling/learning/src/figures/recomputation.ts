import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator, openScope, sum, square, tensor } from '@timestep/core';
import { LSTM } from '@timestep/layers';
import { recomputeFinalState } from '@timestep/train';

const [steps, batch, inputSize, hiddenSize] = [10_000, 8, 16, 256];
const rounds = 5;

interface Cost {
  readonly megabytes: number;
  readonly seconds: number;
  /** Of all threads */
  readonly processorSeconds: number;
  readonly gradient: Float32Array;
}

/**
 * One training pass of an LSTM over a long sequence with a loss on its last step; the least times of several rounds.
 */
async function costOf(threads: number, recomputed: boolean): Promise<Cost> {
  // A backend of its own: the peak of its memory never falls.
  const backend = await createCpuBackend({ threads });
  const layer = new LSTM({ backend, inputSize, hiddenSize, generator: new Generator(1) });
  const generator = new Generator(2);
  const x = tensor(
    backend,
    Float32Array.from({ length: steps * batch * inputSize }, () => generator.normal()),
    { shape: [steps, batch, inputSize] },
  );
  const before = backend.memory().bytes;
  let [seconds, processorSeconds] = [Infinity, Infinity];
  for (let round = 0; round <= rounds; round++) {
    layer.zeroGrad();
    const [started, used] = [performance.now(), process.cpuUsage()];
    {
      using _scope = openScope(backend);
      const { h } = recomputed ? recomputeFinalState(layer, x) : layer.forward(x).state;
      sum(square(h)).backward();
      await backend.sync();
    }
    const { user, system } = process.cpuUsage(used);
    // The first round pays for the memory that the later ones find.
    if (round === 0) continue;
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
    processorSeconds = Math.min(processorSeconds, (user + system) / 1e6);
  }
  const gradient = Float32Array.from(await layer.parameters()[1]!.grad!.data());
  const megabytes = (backend.memory().peakBytes - before) / 1e6;
  for (const made of [layer, x]) made.dispose();
  await backend.dispose();
  return { megabytes, seconds, processorSeconds, gradient };
}

/** The memory and the time of recomputation beside those of the plain pass, and how far their gradients lie apart. */
export async function recomputation(threads: number): Promise<void> {
  const [plain, recomputed] = [await costOf(threads, false), await costOf(threads, true)];
  const show = ({ megabytes, seconds, processorSeconds }: Cost): string =>
    `${megabytes.toFixed(0)} MB, ${seconds.toFixed(2)} s, ${processorSeconds.toFixed(2)} s of processor time`;
  const ratio = (of: (cost: Cost) => number): string => (of(recomputed) / of(plain)).toFixed(3);
  const size = plain.gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = plain.gradient.reduce(
    (most, value, k) => Math.max(most, Math.abs(value - recomputed.gradient[k]!)),
    0,
  );
  console.log(
    `recomputation  LSTM, T ${steps}, H ${hiddenSize}, N ${batch}, ${threads} threads: plain ${show(plain)}; recomputed ${show(recomputed)}`,
  );
  console.log(
    `recomputation  memory ${ratio((cost) => cost.megabytes)}, time ${ratio((cost) => cost.seconds)}, processor time ${ratio((cost) => cost.processorSeconds)}; gradients apart by ${(difference / size).toExponential(1)} of the largest`,
  );
}
