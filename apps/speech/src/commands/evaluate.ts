import { type BackendName, type BeamFlags, loadModel, withBackend } from '@timestep/app-shared';
import { readRecordings, type Subset } from '../data/recordings.ts';
import { drawTestSet, evaluate } from '../evaluation.ts';
import { parseSpeechConfig } from '../model/config.ts';
import { shippedData } from '../shipped.ts';

export interface EvaluateOptions extends BeamFlags {
  readonly data?: string;
  readonly model: string;
  readonly subset: Subset;
  readonly backend: BackendName;
  readonly json?: boolean;
}

/** Judges a model on 256 utterances that are drawn with a fixed seed from a folder of recordings. */
export async function evaluateCommand({
  data = shippedData,
  model: file,
  subset,
  backend: name,
  json = false,
  ...search
}: EvaluateOptions): Promise<void> {
  const recordings = await readRecordings(data, subset);
  await withBackend(name, async (backend) => {
    const { model, config } = await loadModel(file, backend, parseSpeechConfig);
    const started = performance.now();
    const test = drawTestSet(recordings, config.features);
    const { error } = await evaluate(backend, model, test, search);
    const seconds = Math.round(performance.now() - started) / 1000;
    model.dispose();
    const result = {
      digitErrorRate: error.rate,
      utterances: test.utterances.length,
      digits: error.referenceLength,
      seconds,
    };
    if (json) console.log(JSON.stringify(result));
    else {
      console.log(
        `digit error ${(100 * error.rate).toFixed(2)} % over ${result.digits} digits in ${result.utterances} utterances from ${recordings.length} recordings, ${seconds} s`,
      );
      console.log(`${error.substitutions} substituted, ${error.insertions} inserted, ${error.deletions} left out`);
    }
  });
}
