import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, TimestepError } from '@timestep/core';
import { writeSafetensors } from '@timestep/safetensors';
import { loadAppModel } from '../../../../apps/shared/src/app/model-file.ts';
import { speech } from '../../../../apps/speech/src/app.ts';
import { createExtractor } from '../../../../apps/speech/src/data/features.ts';
import type { Format } from '../format.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const backend = createReferenceBackend();
const config = {
  convolutionSize: 4,
  convolutionKernel: 3,
  convolutionStride: 2,
  hiddenSize: 3,
  layers: 2,
  dropout: 0.3,
  batchSize: 32,
  learningRate: 4e-3,
  weightDecay: 0.02,
  clipNorm: 5,
};
const saved = {
  features: { sampleRate: 8000, bands: 4, windowSeconds: 0.025, hopSeconds: 0.0125 },
  speakers: ['ann'],
};
const words = ['"hiddenSize":', '"features":', '"layers":', '"speakers":', '"config":', '"saved":', '1e999'];
/** The weights of that configuration; damaged ones are the business of the format `safetensors`. */
const weights = await (async () => {
  using model = speech.build({ backend, config, saved, generator: new Generator(1) });
  return Object.fromEntries(
    [...(await model.stateDict())].map(([name, { shape, data }]) => [
      name,
      { dtype: 'F32' as const, shape: [...shape], data: Float32Array.from(data) },
    ]),
  );
})();

/** The settings of a recogniser and what its app saved beside them, read as far as the features of a sound. */
export const format: Format = {
  seeds: () =>
    [
      { config, saved },
      { config, saved, note: 'of another' },
    ].map((json) => new TextEncoder().encode(JSON.stringify(json))),
  mutate: (bytes, random) =>
    random.chance(0.6)
      ? new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes), random))
      : mutateBytesAsText(bytes, random, words),
  read: async (bytes) => {
    const text = new TextDecoder().decode(bytes);
    const folder = await mkdtemp(join(tmpdir(), 'timestep-fuzz-'));
    try {
      const file = join(folder, 'a.safetensors');
      const metadata = { app: 'speech', version: '1', ...parts(text) };
      await writeFile(file, writeSafetensors(weights, { metadata }));
      const loaded = await loadAppModel(speech, file, backend);
      loaded.model.dispose();
      createExtractor(loaded.saved.features)(new Float32Array(800));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  isTyped: (error) => error instanceof TimestepError,
};

/** The two entries of the metadata; a text that is no longer JSON is damaged in both. */
function parts(text: string): { config: string; saved: string } {
  try {
    const value = JSON.parse(text) as { config?: unknown; saved?: unknown } | null;
    return { config: JSON.stringify(value?.config ?? null), saved: JSON.stringify(value?.saved ?? null) };
  } catch {
    return { config: text, saved: text };
  }
}
