import type { Backend } from '@timestep/core';
import { createScope } from '@timestep/core';
import type { Vocabulary } from '@timestep/datasets';
import { beamSearch, greedySearch, inEvalMode } from '@timestep/layers';
import { type Captioner, pictureTensor } from './network.ts';
import type { InputKind, Picture } from './pictures.ts';

/** A caption, and where the network looked for each of its words. */
export interface Caption {
  readonly words: readonly string[];
  readonly text: string;
  /** For each word the shares of the places, row after row; they sum to 1. */
  readonly attention: readonly Float32Array[];
}

const picturesAtATime = 64;
const longest = 40;

/** Writes captions for pictures, with a beam of hypotheses or, for a beam of 1, the best word at each step. */
export async function describePictures(
  { backend, model }: { readonly backend: Backend; readonly model: Captioner },
  vocabulary: Vocabulary,
  input: InputKind,
  pictures: readonly Picture[],
  beam: number,
  signal?: AbortSignal,
): Promise<Caption[]> {
  const results: Caption[] = [];
  const size = beam === 1 ? picturesAtATime : 1;
  for (let from = 0; from < pictures.length; from += size) {
    signal?.throwIfAborted();
    const some = pictures.slice(from, from + size);
    using scope = createScope(backend, { gradient: false, training: false });
    const state = scope.run(() => inEvalMode(model, () => model.look(pictureTensor(backend, input, some))));
    const found =
      beam === 1
        ? await greedySearch(model, state, some.length, { maxLength: longest })
        : (await beamSearch(model, state, { maxLength: longest, beamWidth: beam, lengthPenalty: 1 })).slice(0, 1);
    for (const { tokens, weights } of found) {
      const written = vocabulary.decode(tokens);
      results.push({ words: written, text: written.join(' '), attention: weights.slice(0, written.length) });
    }
  }
  return results;
}
