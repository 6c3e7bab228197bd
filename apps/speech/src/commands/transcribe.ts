import {
  type BackendName,
  type BeamFlags,
  loadModel,
  readSequences,
  searchReadings,
  withBackend,
} from '@timestep/app-shared';
import { createExtractor } from '../data/features.ts';
import { readSound } from '../data/recordings.ts';
import { digitNames } from '../evaluation.ts';
import { parseSpeechConfig } from '../model/config.ts';

export interface TranscribeOptions extends BeamFlags {
  readonly model: string;
  readonly backend: BackendName;
}

/** The longest sound that is read in one piece, in seconds. */
const longest = 120;

/** Writes down the digits in WAV files, a line for each. */
export async function transcribeCommand(
  files: readonly string[],
  { model: modelFile, backend: name, ...search }: TranscribeOptions,
): Promise<void> {
  await withBackend(name, async (backend) => {
    const { model, config } = await loadModel(modelFile, backend, parseSpeechConfig);
    const extract = createExtractor(config.features);
    const sounds = [];
    for (const file of files) sounds.push(extract(await readSound(file, longest)));
    const readings = await searchReadings(await readSequences(backend, model, sounds), digitNames, search);
    readings.forEach(({ labels }, i) => console.log(`${files[i]!}  ${labels.join(' ')}`));
    model.dispose();
  });
}
