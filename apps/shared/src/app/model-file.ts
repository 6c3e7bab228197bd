import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { readSafetensors, SafetensorsError, writeSafetensors } from '@timestep/safetensors';
import type { Json } from '@timestep/train';
import { fileStorage } from '@timestep/train/node';
import * as v from 'valibot';
import { UsageError } from '../errors.ts';
import type { App, Trained } from './app.ts';
import { resolveSettings, type Settings } from './settings.ts';

/** A model file holds everything that a prediction needs: weights, settings, and what the app saved with them. */
type AnyApp<C extends Settings, Saved extends Json, Model extends Module> = Pick<
  App<C, Settings, { readonly length: number }, Saved, Model, unknown>,
  'name' | 'version' | 'config' | 'savedSchema' | 'build'
>;

/**
 * Writes a model as one safetensors file; settings and what was saved lie in its metadata. The file is written beside
 * its place and renamed, so that an older one stays whole until then.
 *
 * @throws TrainError `STORAGE_FULL` or `STORAGE_FAILED`
 */
export async function saveAppModel<C extends Settings, Saved extends Json, Model extends Module>(
  app: AnyApp<C, Saved, Model>,
  file: string,
  { model, config, saved }: Omit<Trained<v.InferOutput<C>, Saved, Model>, 'backend'>,
): Promise<void> {
  const tensors = Object.fromEntries(
    [...(await model.stateDict())].map(([name, { shape, data }]) => [
      name,
      // A counter, such as that of a batch norm, stays whole.
      data instanceof Int32Array
        ? { dtype: 'I32' as const, shape: [...shape], data }
        : { dtype: 'F32' as const, shape: [...shape], data: Float32Array.from(data) },
    ]),
  );
  const metadata = {
    format: 'pt',
    app: app.name,
    version: String(app.version ?? 1),
    config: JSON.stringify(config),
    saved: JSON.stringify(saved),
  };
  await fileStorage(dirname(file)).write(basename(file), [writeSafetensors(tensors, { metadata })]);
}

/**
 * Reads a model that {@link saveAppModel} wrote.
 *
 * @throws UsageError where the file is missing or damaged, or belongs to another app or version
 */
export async function loadAppModel<C extends Settings, Saved extends Json, Model extends Module>(
  app: AnyApp<C, Saved, Model>,
  file: string,
  backend: Backend,
): Promise<Trained<v.InferOutput<C>, Saved, Model>> {
  const bytes = await readModelFile(file);
  try {
    const { tensors, metadata } = readSafetensors(bytes, { widen: true, name: file });
    if (metadata.get('app') !== app.name || metadata.get('version') !== String(app.version ?? 1)) {
      const found = metadata.get('app')
        ? `a model of ${metadata.get('app')}, version ${metadata.get('version') ?? 'unknown'}`
        : await describeStranger(file);
      throw new UsageError(
        `[model] ${file} is ${found}; expected a model of ${app.name}, version ${app.version ?? 1}: pass --model a file that "${app.name} train" wrote`,
      );
    }
    const config = resolveSettings(
      app.config,
      `model ${file}`,
      parseJson(file, metadata.get('config')) as Readonly<Record<string, unknown>>,
    );
    const saved = parseSaved(app, file, parseJson(file, metadata.get('saved')));
    const elements = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    const model = withinBudget(file, backend, elements, () =>
      app.build({ backend, config, saved, generator: new Generator(0) }),
    );
    try {
      const numbers = [...tensors].map(([name, { shape, data }]) => {
        const known = data instanceof Int32Array || data instanceof Float32Array;
        if (!known || !data.every((value: number) => Number.isFinite(value)))
          throw new UsageError(
            `[model] ${file}: tensor "${name}" does not hold finite 32-bit numbers; train or copy the model again`,
          );
        return [name, { shape, data }] as const;
      });
      model.loadStateDict(new Map(numbers));
    } catch (error) {
      model.dispose();
      throw error;
    }
    return { backend, model: model.eval(), config, saved };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof SafetensorsError || (error instanceof Error && 'code' in error)) {
      throw new UsageError(`[model] ${file} cannot be read: ${error.message}; train or copy the model again`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Settings that ask for more than the file holds are noticed before gigabytes are allocated for them. */
function withinBudget<Result>(file: string, backend: Backend, elements: number, body: () => Result): Result {
  const alloc = backend.alloc.bind(backend);
  const own = Object.getOwnPropertyDescriptor(backend, 'alloc');
  let left = elements + 1024;
  backend.alloc = (dtype, length) => {
    left -= length;
    if (left < 0)
      throw new UsageError(
        `[model] ${file} holds ${elements} numbers, and its settings describe a larger model; train or copy the model again`,
      );
    return alloc(dtype, length);
  };
  try {
    return body();
  } finally {
    // The method of a class comes back into view; one of the object itself is put back.
    if (own) Object.defineProperty(backend, 'alloc', own);
    else Reflect.deleteProperty(backend, 'alloc');
  }
}

async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(
      `[model] cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); train a model first, or pass --model another file`,
      { cause: error },
    );
  }
}

function parseSaved<Saved extends Json>(
  { savedSchema }: { readonly savedSchema?: v.GenericSchema<unknown, Saved> },
  file: string,
  value: unknown,
): Saved {
  // An app without a schema takes what it once wrote.
  if (!savedSchema) return value as Saved;
  const { success, output, issues } = v.safeParse(savedSchema, value);
  if (success) return output;
  const [{ message }] = issues;
  const path = v.getDotPath(issues[0]);
  throw new UsageError(
    `[model] ${file}: what was saved with the model is damaged${path ? ` at ${path}` : ''}: ${message}; train or copy the model again`,
  );
}

/** Names the older format, which kept the settings in a JSON file beside the weights. */
async function describeStranger(file: string): Promise<string> {
  const beside = file.replace(/(\.safetensors)?$/u, '.json');
  const text = await readFile(beside, 'utf8').catch(() => '');
  const format = /"format":\s*"([^"]+)"/u.exec(text)?.[1];
  return format ? `a model of an older format, ${format} with its settings in ${beside}` : 'no model of an app';
}

function parseJson(file: string, text: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new UsageError(`[model] ${file} lacks its settings; train or copy the model again`);
}
