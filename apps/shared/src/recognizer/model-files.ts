import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import { readSafetensors, SafetensorsError, writeSafetensors } from '@timestep/safetensors';
import { fileStorage } from '@timestep/train/node';
import { UsageError } from '../errors.ts';
import type { ModelConfig } from './config.ts';
import { Recognizer, tensorShapes } from './network.ts';

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
  const tensors = readTensors(bytes, file);
  // Before the network is built: a configuration may ask for any sizes, and the file must hold them.
  const misfits = compareShapes(tensors, tensorShapes(config));
  if (misfits.length > 0)
    throw new UsageError(
      `[model] ${file} is not of the shape that ${jsonFile} describes: ${misfits.slice(0, 6).join(', ')}; train or copy the model again`,
    );
  const model = new Recognizer(backend, config, new Generator(0));
  try {
    model.loadStateDict(tensors);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model: model.eval(), config };
}

type Tensors = Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

function readTensors(bytes: Uint8Array, file: string): Tensors {
  try {
    const { tensors } = readSafetensors(bytes, { widen: true, name: file });
    return new Map(
      [...tensors].map(([name, { shape, data }]) => {
        if (!(data instanceof Float32Array))
          throw new UsageError(
            `[model] ${file}: expected tensor "${name}" to hold 32-bit floats; train or copy the model again`,
          );
        if (!data.every((value) => Number.isFinite(value)))
          throw new UsageError(
            `[model] ${file}: tensor "${name}" holds a NaN or an infinity; train or copy the model again`,
          );
        return [name, { shape, data }] as const;
      }),
    );
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new UsageError(`[model] ${file} cannot be read: ${error.message}; train or copy the model again`, {
      cause: error,
    });
  }
}

/** Lists what is missing, unexpected or of another shape. */
function compareShapes(tensors: Tensors, expected: ReadonlyMap<string, readonly number[]>): string[] {
  const missing = [...expected].flatMap(([name, shape]) => {
    const given = tensors.get(name)?.shape;
    if (!given) return [`${name} is missing`];
    return given.join() === shape.join() ? [] : [`${name} has shape [${given.join(', ')}], not [${shape.join(', ')}]`];
  });
  return [...missing, ...[...tensors.keys()].filter((name) => !expected.has(name)).map((name) => `${name} is unknown`)];
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
