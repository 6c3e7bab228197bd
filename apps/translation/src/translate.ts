import type { Trained } from '@timestep/app-shared';
import { openScope } from '@timestep/core';
import { bucketByLength } from '@timestep/datasets';
import { beamDecode, type EncoderDecoder, greedyDecode, type Hypothesis } from '@timestep/layers';
import { sourceTensors } from './network.ts';
import type { Units } from './units.ts';

/** A translation with what led to it. */
export interface Translation {
  readonly text: string;
  readonly sourceUnits: readonly string[];
  readonly units: readonly string[];
  /** For each unit, and for the end, the attention over the source units. */
  readonly attention: readonly Float32Array[];
}

/** How to search. */
export interface Search {
  /** Hypotheses that are kept; 1 takes the best unit at each step. */
  readonly beam: number;
  readonly lengthPenalty: number;
}

const sentencesAtATime = 64;

/** Translates sentences, which must be in the form of the training text. */
export async function translate(
  { backend, model }: Pick<Trained<unknown, unknown, EncoderDecoder>, 'backend' | 'model'>,
  units: Units,
  sentences: readonly string[],
  { beam, lengthPenalty }: Search,
  signal?: AbortSignal,
): Promise<Translation[]> {
  const sources = sentences.map((text) => units.encodeSource(text));
  const results: Translation[] = sentences.map(() => ({ text: '', sourceUnits: [], units: [], attention: [] }));
  const batches = bucketByLength(
    sources.map(({ length }) => length),
    { batchSize: sentencesAtATime },
  );
  for (const batch of batches) {
    const indices = batch.filter((i) => sources[i]!.length > 0);
    if (indices.length === 0) continue;
    signal?.throwIfAborted();
    using scope = openScope(backend, { gradient: false });
    const source = sourceTensors(
      backend,
      indices.map((i) => sources[i]!),
    );
    scope.adopt(source.tokens);
    const maxLength = 10 + 2 * source.lengths[0]!;
    const found: readonly (Hypothesis | undefined)[] =
      beam === 1
        ? await greedyDecode(model, source, { maxLength })
        : (await beamDecode(model, source, { maxLength, beamWidth: beam, lengthPenalty })).map(([best]) => best);
    indices.forEach((i, n) => {
      const { tokens, weights } = found[n]!;
      const written = units.targetUnits(tokens);
      const sourceUnits = units.split(sentences[i]!);
      results[i] = {
        text: units.join(written),
        sourceUnits,
        units: written,
        attention: weights.map((row) => row.subarray(0, sourceUnits.length)),
      };
    });
  }
  return results;
}
