import { Generator, reshape, tensor, type Backend } from '@timestep/core';
import { generate, LanguageModel, LSTM } from '@timestep/layers';
import { AdamW, crossEntropyLoss, generatedData, Trainer, type Progress } from '@timestep/train';
import { encode } from './alphabet.ts';

/** T: characters of a stretch of text */
const stretch = 48;
/** N: stretches of a batch */
const batch = 16;
const embeddingSize = 32;
const sampleEvery = 50;
const sampleLength = 280;

export const charactersPerStep = stretch * batch;

export interface TrainingEvents {
  onStart(parameters: number): void;
  onProgress(progress: Progress): void;
  onSample(step: number, text: string): void;
}

/** Trains a character LSTM and lets it write now and then; ends after `steps`, or when the signal comes. */
export async function trainCharacterModel(
  backend: Backend,
  { text, hiddenSize, steps }: { readonly text: string; readonly hiddenSize: number; readonly steps: number },
  { onStart, onProgress, onSample }: TrainingEvents,
  signal: AbortSignal,
): Promise<void> {
  const { alphabet, symbols } = encode(text, stretch + 2);
  const generator = new Generator(1);
  const layer = new LSTM({ backend, inputSize: embeddingSize, hiddenSize, generator });
  const model = new LanguageModel({ backend, symbols: alphabet.length, layer, generator });
  const trainer = new Trainer({
    model,
    loss: (each, { x, y }) => {
      const { output } = each.forward(tensor(backend, x, { shape: [stretch, batch] }));
      return crossEntropyLoss(reshape(output, [stretch * batch, alphabet.length]), tensor(backend, y));
    },
    optimizer: new AdamW(model.namedParameters(), { learningRate: 0.005 }),
    data: generatedData(
      (_, random) => {
        const x = new Int32Array(stretch * batch);
        const y = new Int32Array(stretch * batch);
        for (let n = 0; n < batch; n++) {
          const first = random.integer(symbols.length - stretch - 1);
          for (let t = 0; t < stretch; t++) {
            x[t * batch + n] = symbols[first + t]!;
            y[t * batch + n] = symbols[first + t + 1]!;
          }
        }
        return { x, y };
      },
      { seed: 1 },
    ),
    clipNorm: 1,
    readEvery: 10,
    onProgress,
  });
  onStart(model.parameters().reduce((sum, { size }) => sum + size, 0));

  while (trainer.step < steps && !signal.aborted) {
    await trainer.fit({ steps: Math.min(steps, trainer.step + sampleEvery), signal });
    let written = '';
    const prompt = symbols.subarray(0, 1);
    for await (const symbol of generate(model, {
      prompt,
      length: sampleLength,
      temperature: 0.6,
      seed: trainer.step,
    })) {
      if (signal.aborted) break;
      written += alphabet[symbol]!;
    }
    onSample(trainer.step, alphabet[prompt[0]!]! + written);
  }
}
