import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { TimestepError } from '@timestep/core';
import { writeSafetensors } from '@timestep/safetensors';
import { loadModel } from '../../../../apps/shared/src/recognizer/model-files.ts';
import { tensorShapes } from '../../../../apps/shared/src/recognizer/network.ts';
import { createExtractor } from '../../../../apps/speech/src/data/features.ts';
import { defaultConfig, parseSpeechConfig } from '../../../../apps/speech/src/model/config.ts';
import type { Format } from '../format.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const backend = createReferenceBackend();
const config = {
  ...defaultConfig,
  features: { ...defaultConfig.features, bands: 4 },
  inputSize: 4,
  convolution: { size: 4, kernel: 3, stride: 2 },
  hiddenSize: 3,
};
const words = ['"hiddenSize":', '"convolution":', '"features":', '"layers":', 'timestep-speech', '1e999'];
/** The weights of that configuration; damaged ones are the business of the format `safetensors`. */
const weights = writeSafetensors(
  Object.fromEntries(
    [...tensorShapes(config)].map(([name, shape]) => [
      name,
      { dtype: 'F32' as const, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
    ]),
  ),
);

/** The JSON beside a speech model's weights, read as the app reads both. */
export const format: Format = {
  seeds: () =>
    [config, { ...config, note: 'of another' }].map((json) => new TextEncoder().encode(JSON.stringify(json))),
  mutate: (bytes, random) =>
    random.chance(0.6)
      ? new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes), random))
      : mutateBytesAsText(bytes, random, words),
  read: async (bytes) => {
    const folder = await mkdtemp(join(tmpdir(), 'timestep-fuzz-'));
    try {
      await writeFile(join(folder, 'a.json'), bytes);
      await writeFile(join(folder, 'a.safetensors'), weights);
      const loaded = await loadModel(join(folder, 'a.safetensors'), backend, parseSpeechConfig);
      loaded.model.dispose();
      createExtractor(loaded.config.features)(new Float32Array(800));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  isTyped: (error) => error instanceof TimestepError,
};
