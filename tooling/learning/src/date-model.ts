import { Generator, reshape, tensor, type Backend, type Tensor } from '@timestep/core';
import { EncoderDecoder, greedyDecode, type Source } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import { alphabet, digits, drawDates, end, start, targetSymbols, type DateBatch } from './dates.ts';
import { learn } from './learn.ts';

export interface DateModelOptions {
  readonly attention: 'bahdanau' | 'luong';
  readonly seed: number;
  readonly steps: number;
}

export function sourceOf(backend: Backend, { source, lengths }: DateBatch): Source {
  return { tokens: tensor(backend, source, { shape: [source.length / lengths.length, lengths.length] }), lengths };
}

/** The share of dates that come out right to the last symbol. */
export async function exactMatch(model: EncoderDecoder, batch: DateBatch): Promise<number> {
  const { backend } = model.head.weight;
  const results = await greedyDecode(model, sourceOf(backend, batch), { maxLength: 11 });
  return (
    results.filter(({ tokens }, n) => tokens.map((symbol) => digits[symbol]).join('') === batch.isos[n]).length /
    results.length
  );
}

/** An encoder–decoder that learns to read dates, until it reads all of some held-out ones or the steps run out. */
export async function trainDateModel(
  backend: Backend,
  { attention, seed, steps }: DateModelOptions,
): Promise<{ readonly model: EncoderDecoder; readonly steps: number }> {
  const generator = new Generator(seed);
  const model = new EncoderDecoder({
    backend,
    generator,
    sourceSymbols: alphabet.length,
    targetSymbols,
    start,
    end,
    embeddingSize: 24,
    hiddenSize: 48,
    attention,
  });
  const loss = (): Tensor => {
    const batch = drawDates(64, generator, false);
    const targets = tensor(backend, batch.targets, { shape: [11, 64] });
    const { logits } = model.forward(sourceOf(backend, batch), targets);
    return crossEntropyLoss(reshape(logits, [11 * 64, targetSymbols]), reshape(targets, [11 * 64]));
  };
  const some = drawDates(400, new Generator(seed + 1), true);
  const result = await learn(
    model,
    { learningRate: 0.005, steps, every: 100 },
    loss,
    () => exactMatch(model, some),
    (share) => share === 1,
  );
  return { model, steps: result.steps };
}
