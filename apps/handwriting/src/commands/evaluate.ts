import { type BackendName, type BeamFlags, loadModel, withBackend } from '@timestep/app-shared';
import { readSamples, type Subset } from '../data/samples.ts';
import { drawTestSet, evaluate } from '../evaluation.ts';
import { parseHandwritingConfig } from '../model/config.ts';

export interface EvaluateOptions extends BeamFlags {
  readonly data?: string;
  readonly model: string;
  readonly subset: Subset;
  readonly backend: BackendName;
  readonly json?: boolean;
}

/** Judges a model on strings that are drawn with a fixed seed from people's characters, or on drawn words. */
export async function evaluateCommand({
  data,
  model: file,
  subset,
  backend: name,
  json = false,
  ...search
}: EvaluateOptions): Promise<void> {
  const samples = data === undefined ? [] : await readSamples(data, subset);
  await withBackend(name, async (backend) => {
    const { model, config } = await loadModel(file, backend, parseHandwritingConfig);
    const started = performance.now();
    const test = drawTestSet(samples);
    const { error } = await evaluate(backend, model, config.alphabet, test, search);
    const seconds = Math.round(performance.now() - started) / 1000;
    model.dispose();
    const result = {
      characterErrorRate: error.rate,
      strings: test.writings.length,
      characters: error.referenceLength,
      seconds,
    };
    if (json) console.log(JSON.stringify(result));
    else {
      console.log(
        `character error ${(100 * error.rate).toFixed(2)} % over ${result.characters} characters in ${result.strings} strings, ${seconds} s`,
      );
      console.log(`${error.substitutions} substituted, ${error.insertions} inserted, ${error.deletions} left out`);
    }
  });
}
