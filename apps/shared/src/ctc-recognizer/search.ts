import { readFile } from 'node:fs/promises';
import { CTCBeamDecoder, readArpa } from '@timestep/ctc';
import { UsageError } from '../errors.ts';
import type { Reading } from './read.ts';
import type { SearchSettings } from './settings.ts';

/**
 * Reads the logits again by prefix beam search, where the settings ask for it.
 *
 * @param alphabet the text of each label
 * @throws UsageError for a model file that cannot be read; an error of `readArpa` with the line where it is malformed
 */
export async function searchReadings(
  readings: readonly Reading[],
  alphabet: readonly string[],
  { beam, lm }: SearchSettings,
): Promise<readonly Reading[]> {
  if (beam === 0 && lm === '') return readings;
  const text = lm === '' ? null : await readText(lm);
  const decoder = new CTCBeamDecoder({
    tokens: ['', ...alphabet],
    beamWidth: beam || 32,
    ...(text === null ? {} : { languageModel: readArpa(text), unit: 'token' as const }),
  });
  const classes = alphabet.length + 1;
  return readings.map((reading) => {
    const [best] = decoder.decode({ data: reading.logits, shape: [reading.steps, classes] })[0]!;
    return {
      ...reading,
      labels: best!.tokens.map((token) => token - 1),
      spans: best!.starts.map((start, i) => [start, best!.ends[i]!] as const),
    };
  });
}

async function readText(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(
      `--lm: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); check the path`,
      { cause: error },
    );
  }
}
