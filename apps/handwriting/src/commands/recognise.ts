import { readFile } from 'node:fs/promises';
import {
  type BackendName,
  type BeamFlags,
  loadModel,
  readSequences,
  searchReadings,
  UsageError,
  withBackend,
} from '@timestep/app-shared';
import { parseJsonLines } from '../data/json-lines.ts';
import { parseUnipen } from '../data/unipen.ts';
import { inkFeatures } from '../ink/features.ts';
import { parseHandwritingConfig } from '../model/config.ts';

export interface RecogniseOptions extends BeamFlags {
  readonly model: string;
  readonly backend: BackendName;
}

/** Reads every piece of writing in UNIPEN and JSON-lines files: a line for each, with its label and what was read. */
export async function recogniseCommand(
  files: readonly string[],
  { model: modelFile, backend: name, ...search }: RecogniseOptions,
): Promise<void> {
  await withBackend(name, async (backend) => {
    const { model, config } = await loadModel(modelFile, backend, parseHandwritingConfig);
    for (const file of files) {
      const text = await readFile(file, 'utf8').catch((error: unknown) => {
        throw new UsageError(
          `[data] cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); check the path`,
          { cause: error },
        );
      });
      const samples = file.endsWith('.jsonl') ? parseJsonLines(text, file) : parseUnipen(text, file);
      const readings = await searchReadings(
        await readSequences(
          backend,
          model,
          samples.map(({ ink }) => inkFeatures(ink)),
        ),
        config.alphabet,
        search,
      );
      readings.forEach(({ labels }, i) =>
        console.log(`${file}  ${samples[i]!.label}  ${labels.map((label) => config.alphabet[label]!).join('')}`),
      );
    }
    model.dispose();
  });
}
