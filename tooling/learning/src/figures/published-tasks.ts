import { argmax, Generator, noGrad, tensor, type Backend, type Tensor } from '@timestep/core';
import { addingProblem, copyTask, embeddedReber, oneHot, scoreReber, temporalOrder, type ReberBatch, type TokenBatch } from '@timestep/datasets';
import { Linear, LSTM, ManyToMany, ManyToOne } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import { Adder, type AnyRecurrent } from '../adder.ts';
import { learn } from '../learn.ts';

const batch = 20;
const reberBatch = 8;
const hiddenSize = 32;

interface Result {
  readonly steps: number;
  /** What is still wrong on held-out data */
  readonly measured: number;
}

function tell(task: string, { steps, measured }: Result, published: string, each = batch): void {
  console.log(`${task.padEnd(28)} ${measured === 0 ? '' : `${measured} wrong after `}${steps * each} sequences${published && `; 1997: ${published}`}`);
}

/** Until the mean of |error| is below 0.04; and how many of 2,560 answers are then off by more (1997 went on until one was). */
async function adding(backend: Backend, steps: number, most: number): Promise<Result> {
  const generator = new Generator(1);
  const layer = new LSTM({ backend, generator, inputSize: 2, hiddenSize, memorySpan: steps });
  const model = new Adder(layer as unknown as AnyRecurrent, new Linear({ backend, generator, inputSize: hiddenSize, outputSize: 1 }));
  const held = addingProblem(steps, 2560, new Generator(1000));
  let off = 0;
  const wrong = async (): Promise<number> => {
    const answers = await model.answers(held).data();
    const errors = Array.from(answers, (answer, n) => Math.abs(answer - held.targets[n]!));
    off = errors.filter((error) => !(error < 0.04)).length;
    return errors.reduce((sum, error) => sum + error, 0) / errors.length;
  };
  const { steps: taken, measured } = await learn(model, { learningRate: 0.01, steps: most, every: 50 }, () => model.loss(addingProblem(steps, batch, generator)), wrong, (error) => error < 0.04);
  model.dispose();
  console.log(`adding, T = ${steps}: mean of |error| ${measured.toFixed(4)}, ${off} of 2,560 off by 0.04 or more`);
  return { steps: taken, measured: measured < 0.04 ? 0 : off };
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
  const wrong = async (): Promise<number> => (await argmax(logits(held)).data()).filter((label, n) => label !== held.classes[n]).length;
  const result = await learn(model, { learningRate: 0.01, steps: most, every: 50 }, loss, wrong, (count) => count === 0);
  model.dispose();
  return result;
}

/** How many symbols of 200 sequences are copied wrong. */
async function copy(backend: Backend, delay: number, most: number): Promise<Result> {
  const generator = new Generator(3);
  const settings = { alphabet: 8, length: 5, delay };
  const layer = new LSTM({ backend, generator, inputSize: 10, hiddenSize: 64, memorySpan: delay + 10 });
  const model = new ManyToMany({ backend, generator, layer, outputSize: 9 });
  const held = copyTask({ ...settings, batch: 200 }, new Generator(1000));
  const logits = (given: typeof held): Tensor => model.forward(inputs(backend, given)).output;
  const loss = (): Tensor => {
    const given = copyTask({ ...settings, batch }, generator);
    return crossEntropyLoss(logits(given), tensor(backend, given.targets, { shape: given.shape }));
  };
  const wrong = async (): Promise<number> => (await argmax(logits(held)).data()).filter((symbol, k) => symbol !== held.targets[k]).length;
  const result = await learn(model, { learningRate: 0.01, steps: most, every: 100 }, loss, wrong, (count) => count === 0);
  model.dispose();
  return result;
}

/** How many of 256 strings have a prediction against the rules. */
async function reber(backend: Backend, most: number): Promise<Result> {
  const generator = new Generator(5);
  const model = new ManyToMany({ backend, generator, layer: new LSTM({ backend, generator, inputSize: 7, hiddenSize, memorySpan: 12 }), outputSize: 7 });
  const held = embeddedReber(256, new Generator(1000));
  const logits = (given: ReberBatch): Tensor => model.forward(inputs(backend, given), { lengths: given.lengths }).output;
  const loss = (): Tensor => {
    const given = embeddedReber(reberBatch, generator);
    const targets = given.targets.map((target, k) => (Math.floor(k / reberBatch) < given.lengths[k % reberBatch]! - 1 ? target : -100));
    return crossEntropyLoss(logits(given), tensor(backend, targets, { shape: given.shape }));
  };
  const wrong = async (): Promise<number> => Math.round(256 * (1 - scoreReber(await noGrad(backend, () => logits(held)).data(), held).sequences));
  const result = await learn(model, { learningRate: 0.02, steps: most, every: 25 }, loss, wrong, (count) => count === 0);
  model.dispose();
  return result;
}

/** The tasks of 1997 with one LSTM of 32 units (64 for the copy), Adam and batches of 20 (8 for Reber): sequences until solved. */
export async function publishedTasks(backend: Backend): Promise<void> {
  tell('embedded Reber', await reber(backend, 2000), '8,440', reberBatch);
  tell('temporal order, 2 symbols', await order(backend, 2, 1500), '31,390');
  tell('temporal order, 3 symbols', await order(backend, 3, 6000), '571,100');
  tell('copy 5 symbols after 100', await copy(backend, 100, 3000), '');
}

/** The adding problem of 1997 with the same LSTM. */
export async function publishedSums(backend: Backend): Promise<void> {
  for (const [steps, most, published] of [[100, 3500, '74,000'], [500, 5000, '209,000'], [1000, 10_000, '853,000']] as const) {
    tell(`adding, T = ${steps}`, await adding(backend, steps, most), published);
  }
}
