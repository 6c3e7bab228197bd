import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import { readSafetensors, SafetensorsError, writeSafetensors } from '@timestep/safetensors';
import { fileStorage } from '@timestep/train/node';
import { UsageError } from '../errors.ts';
import type { ModelConfig } from './config.ts';
import { Recognizer } from './network.ts';

/** `digits.safetensors` → `digits.json`: where the configuration of a model lies. */
export function configFile(file: string): string {
  return file.replace(/\.safetensors$/u, '') + '.json';
}

/**
 * Writes a model: its weights as safetensors, its configuration as JSON beside them. Each file is written beside its
 * place and renamed, the configuration last.
 *
 * @throws TrainError `STORAGE_FULL` or `STORAGE_FAILED`; what was there before is still there
 */
export async function saveModel(file: string, model: Recognizer, config: ModelConfig): Promise<void> {
  const storage = fileStorage(dirname(file));
  const tensors = Object.fromEntries(
    [...(await model.stateDict())].map(([name, { shape, data }]) => [
      name,
      { dtype: 'F32' as const, shape: [...shape], data: Float32Array.from(data) },
    ]),
  );
  await storage.write(basename(file), [writeSafetensors(tensors, { metadata: { format: 'pt' } })]);
  await storage.write(basename(configFile(file)), [new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)]);
}

/**
 * Reads a model that `saveModel` wrote.
 *
 * @param parse reads the configuration: `parseConfig` with the app's own format
 * @throws UsageError where a file is missing, damaged, or the weights are those of a model of another shape
 */
export async function loadModel<Config extends ModelConfig>(
  file: string,
  backend: Backend,
  parse: (text: string, file: string) => Config,
): Promise<{ readonly model: Recognizer; readonly config: Config }> {
  const bytes = await readModelFile(file, 'train one first, or pass --model another file');
  const jsonFile = configFile(file);
  const config = parse(
    new TextDecoder().decode(await readModelFile(jsonFile, `it belongs beside ${basename(file)}; copy it there`)),
    jsonFile,
  );
  const model = new Recognizer(backend, config, new Generator(0));
  try {
    const { tensors } = readSafetensors(bytes, { widen: true, name: file });
    const numbers = [...tensors].map(([name, { shape, data }]) => {
      if (!(data instanceof Float32Array))
        throw new UsageError(
          `[model] ${file}: expected tensor "${name}" to hold 32-bit floats; train or copy the model again`,
        );
      if (!data.every((value) => Number.isFinite(value)))
        throw new UsageError(
          `[model] ${file}: tensor "${name}" holds a NaN or an infinity; train or copy the model again`,
        );
      return [name, { shape, data }] as const;
    });
    model.loadStateDict(new Map(numbers));
  } catch (error) {
    model.dispose();
    if (error instanceof UsageError) throw error;
    if (error instanceof SafetensorsError)
      throw new UsageError(`[model] ${file} cannot be read: ${error.message}; train or copy the model again`, {
        cause: error,
      });
    if (error instanceof Error && 'code' in error)
      throw new UsageError(`[model] ${file} is not of the shape that ${jsonFile} describes: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
  return { model: model.eval(), config };
}

async function readModelFile(file: string, remedy: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(
      `[model] cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); ${remedy}`,
      { cause: error },
    );
  }
}
