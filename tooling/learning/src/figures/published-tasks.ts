import { argmax, Generator, noGrad, tensor, type Backend, type Tensor } from '@timestep/core';
import { embeddedReber, oneHot, scoreReber, temporalOrder, type ReberBatch, type TokenBatch } from '@timestep/datasets';
import { LSTM, ManyToMany, ManyToOne } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import { learn } from '../learn.ts';

const batch = 20;
const reberBatch = 8;
const hiddenSize = 32;

interface Result {
  readonly steps: number;
  /** The error on held-out data */
  readonly measured: number;
}

function tell(task: string, { steps, measured }: Result, published: string, each = batch): void {
  console.log(
    `${task.padEnd(28)} ${measured === 0 ? '' : `${measured} wrong after `}${steps * each} sequences; 1997: ${published}`,
  );
}

function inputs(backend: Backend, given: TokenBatch): Tensor {
  const { data, shape } = oneHot(given);
  return tensor(backend, data, { shape });
}

/** How many of 2,560 sequences are told wrong. */
async function order(backend: Backend, relevant: 2 | 3, most: number): Promise<Result> {
  const generator = new Generator(2);
  const layer = new LSTM({ backend, generator, inputSize: 8, hiddenSize, memorySpan: 100 });
  const model = new ManyToOne({ backend, generator, layer, outputSize: 2 ** relevant });
  const held = temporalOrder({ relevant, batch: 2560 }, new Generator(1000));
  const logits = (given: typeof held): Tensor => model.forward(inputs(backend, given), { lengths: given.lengths });
  const loss = (): Tensor => {
    const given = temporalOrder({ relevant, batch }, generator);
    return crossEntropyLoss(logits(given), tensor(backend, given.classes));
  };
  const wrong = async (): Promise<number> =>
    (await argmax(logits(held)).data()).filter((label, n) => label !== held.classes[n]).length;
  const result = await learn(
    model,
    { learningRate: 0.01, steps: most, every: 50 },
    loss,
    wrong,
    (count) => count === 0,
  );
  model.dispose();
  return result;
}

/** How many of 256 strings have a prediction against the rules. */
async function reber(backend: Backend, most: number): Promise<Result> {
  const generator = new Generator(5);
  const model = new ManyToMany({
    backend,
    generator,
    layer: new LSTM({ backend, generator, inputSize: 7, hiddenSize, memorySpan: 12 }),
    outputSize: 7,
  });
  const held = embeddedReber(256, new Generator(1000));
  const logits = (given: ReberBatch): Tensor =>
    model.forward(inputs(backend, given), { lengths: given.lengths }).output;
  const loss = (): Tensor => {
    const given = embeddedReber(reberBatch, generator);
    const targets = given.targets.map((target, k) =>
      Math.floor(k / reberBatch) < given.lengths[k % reberBatch]! - 1 ? target : -100,
    );
    return crossEntropyLoss(logits(given), tensor(backend, targets, { shape: given.shape }));
  };
  const wrong = async (): Promise<number> =>
    Math.round(256 * (1 - scoreReber(await noGrad(backend, () => logits(held)).data(), held).sequences));
  const result = await learn(
    model,
    { learningRate: 0.02, steps: most, every: 25 },
    loss,
    wrong,
    (count) => count === 0,
  );
  model.dispose();
  return result;
}

/** Three tasks of 1997 with one LSTM of 32 units, Adam and batches of 20 (8 for Reber): sequences until solved. */
export async function publishedTasks(backend: Backend): Promise<void> {
  tell('embedded Reber', await reber(backend, 2000), '8,440', reberBatch);
  tell('temporal order, 2 symbols', await order(backend, 2, 1500), '31,390');
  tell('temporal order, 3 symbols', await order(backend, 3, 6000), '571,100');
}
