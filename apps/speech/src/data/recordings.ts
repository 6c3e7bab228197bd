import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { readWav, resample } from '@timestep/datasets';

/** The rate that everything here works at, in Hz; recordings of another one are resampled. */
export const sampleRate = 8000;

/**
 * What is taken for one spoken digit, in seconds. A longer file is a mistake, and would fill the memory. A shorter one
 * has too few steps for its digit: five equal digits of 0.06 s, joined by the shortest pauses, make 10 steps of 37.5 ms
 * and need 9, one each and a blank between any two.
 */
const [shortestSeconds, longestSeconds] = [0.06, 20];

/** One spoken digit. */
export interface Recording {
  readonly file: string;
  readonly digit: number;
  readonly speaker: string;
  readonly index: number;
  /** At `sampleRate`, full scale −1 … 1 */
  readonly samples: Float32Array;
}

/** Index 0–4 is `test` and the rest `train`, as the Free Spoken Digit Dataset splits itself. */
export const subsets = ['train', 'test', 'all'] as const;
export type Subset = (typeof subsets)[number];

const naming = /^(?<digit>[0-9])_(?<speaker>[^_]+)_(?<index>\d+)\.wav$/iu;

/**
 * Reads the recordings `{digit}_{speaker}_{index}.wav` in a folder or in its subfolder `recordings`, in the order of
 * their names.
 *
 * @throws UsageError for a folder that is not there, holds no recordings or none of the subset, for WAV files of
 * another
 *   name and for one without sound; DataError for a file that cannot be read
 */
export async function readRecordings(folder: string, subset: Subset): Promise<Recording[]> {
  const directory = await recordingsFolder(folder);
  const names = (await readdir(directory)).filter((name) => /\.wav$/iu.test(name)).sort();
  if (names.length === 0)
    throw new UsageError(
      `[data] ${directory} holds no WAV files; expected recordings named {digit}_{speaker}_{index}.wav there, such as 7_george_0.wav`,
    );
  const strangers = names.filter((name) => !naming.test(name));
  if (strangers.length > 0) {
    const more = strangers.length > 1 ? ` and ${strangers.length - 1} more` : '';
    throw new UsageError(
      `[data] ${join(directory, strangers[0]!)}${more} is not named {digit}_{speaker}_{index}.wav, such as 7_george_0.wav; rename or remove it`,
    );
  }
  const recordings: Recording[] = [];
  for (const name of names) {
    const { digit, speaker, index } = naming.exec(name)!.groups!;
    const isTest = Number(index) < 5;
    if (subset !== 'all' && isTest !== (subset === 'test')) continue;
    const file = join(directory, name);
    recordings.push({
      file,
      digit: Number(digit),
      speaker: speaker!,
      index: Number(index),
      samples: await readSound(file),
    });
  }
  if (recordings.length === 0) {
    const expected = subset === 'test' ? 'an index of 0 to 4' : 'an index of 5 or more';
    throw new UsageError(
      `[data] none of the ${names.length} recordings in ${directory} is in the subset "${subset}", which takes ${expected}; choose another --subset`,
    );
  }
  return recordings;
}

/**
 * The sound of a WAV file at `sampleRate`.
 *
 * @throws UsageError for a file that cannot be opened, has no samples, or is too short or too long
 */
export async function readSound(file: string, longest = longestSeconds): Promise<Float32Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UsageError(
      `[data] cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); check the path`,
      { cause: error },
    );
  }
  const sound = readWav(bytes, { name: file });
  const seconds = sound.samples.length / sound.sampleRate;
  if (seconds === 0) throw new UsageError(`[data] ${file} holds no sound; remove it or record it again`);
  if (seconds < shortestSeconds)
    throw new UsageError(
      `[data] ${file} lasts ${seconds.toFixed(3)} s, which is too short for a spoken digit; expected at least ${shortestSeconds} s`,
    );
  if (seconds > longest)
    throw new UsageError(
      `[data] ${file} lasts ${Math.round(seconds)} s, expected at most ${longest} s; cut it into pieces`,
    );
  return resample(sound.samples, sound.sampleRate, sampleRate);
}

async function recordingsFolder(folder: string): Promise<string> {
  const inner = join(folder, 'recordings');
  if (await isFolder(inner)) return inner;
  if (await isFolder(folder)) return folder;
  throw new UsageError(`[data] there is no folder ${folder}; pass --data the folder that holds the recordings`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
