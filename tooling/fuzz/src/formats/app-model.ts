import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, TimestepError } from '@timestep/core';
import { readSafetensors, writeSafetensors } from '@timestep/safetensors';
import { loadAppModel } from '../../../../apps/shared/src/app/model-file.ts';
import { toyApp } from '../../../../apps/shared/src/test-support/toy-app.ts';
import type { Format } from '../format.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import type { Random } from '../random.ts';
import { format as safetensors } from './safetensors.ts';

const backend = createReferenceBackend();
const config = { hiddenSize: 2, learningRate: 0.1, bias: true };
const words = ['"hiddenSize":', '"bias":', 'toy', '1', '{}', 'null'];

/** The one file of an app's model: settings in the metadata, weights behind them. */
export const format: Format = {
  seeds: async () => {
    const saved = { largest: 1 };
    const files = [config, { ...config, bias: false }].map(async (settings) => {
      using model = toyApp.build({ backend, config: settings, saved, generator: new Generator(1) });
      const tensors = [...(await model.stateDict())].map(([name, { shape, data }]) => [
        name,
        { dtype: 'F32' as const, shape: [...shape], data: Float32Array.from(data) },
      ]);
      const texts = { config: JSON.stringify(settings), saved: JSON.stringify(saved) };
      return writeSafetensors(Object.fromEntries(tensors), {
        metadata: { format: 'pt', app: toyApp.name, version: '1', ...texts },
      });
    });
    return Promise.all(files);
  },
  mutate: (bytes, random, seeds) =>
    random.chance(0.5) ? mutateMetadata(bytes, random) : safetensors.mutate!(bytes, random, seeds),
  read: async (bytes) => {
    const folder = await mkdtemp(join(tmpdir(), 'timestep-fuzz-'));
    try {
      await writeFile(join(folder, 'toy.safetensors'), bytes);
      const { model } = await loadAppModel(toyApp, join(folder, 'toy.safetensors'), backend);
      model.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  isTyped: (error) => error instanceof TimestepError,
};

/** Damages one text of the metadata, mostly JSON, and writes a whole file around it. */
function mutateMetadata(bytes: Uint8Array, random: Random): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const key = random.pick(['config', 'config', 'config', 'saved', 'app', 'version']);
  const text = metadata.get(key) ?? '';
  const changed = random.chance(0.7) ? mutateJson(text, random) : mutateText(text, random, words);
  // A file holds UTF-8, which has no lone surrogates.
  const wellFormed = new TextDecoder().decode(new TextEncoder().encode(changed));
  return writeSafetensors(tensors, { metadata: { ...Object.fromEntries(metadata), [key]: wellFormed } });
}
