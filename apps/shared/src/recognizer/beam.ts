import { readFile } from 'node:fs/promises';
import { CTCBeamDecoder, readArpa } from '@timestep/ctc';
import { Option } from 'commander';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../program.ts';
import type { Reading } from './read.ts';

/** The values of the two flags of `beamFlags`. */
export interface BeamFlags {
  readonly beam?: number;
  readonly lm?: string;
}

/** `--beam WIDTH` and `--lm FILE`: how the labels are found, where the most probable class of each step will not do. */
export function beamFlags(): readonly [Option, Option] {
  return [
    new Option(
      '--beam <width>',
      'search for the most probable text with this number of hypotheses, instead of the best class of each step',
    ).argParser(wholeNumber(1)),
    new Option('--lm <file>', 'an n-gram model of the characters (ARPA) for the search; implies --beam 32'),
  ];
}

/**
 * Reads the logits again by prefix beam search, where the flags ask for it.
 *
 * @param alphabet the text of each label
 * @throws UsageError for a model file that cannot be read; an error of `readArpa` with the line where it is malformed
 */
export async function searchReadings(
  readings: readonly Reading[],
  alphabet: readonly string[],
  { beam, lm }: BeamFlags,
): Promise<readonly Reading[]> {
  if (beam === undefined && lm === undefined) return readings;
  const text = lm === undefined ? null : await readText(lm);
  const decoder = new CTCBeamDecoder({
    tokens: ['', ...alphabet],
    beamWidth: beam ?? 32,
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
