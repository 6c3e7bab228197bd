import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor, transpose } from '@timestep/core';
import { hdf5InWorker } from '../../hdf5/index.ts';
import { importKeras } from '../../keras/import.ts';

/** The task of a page: read a Keras model and compute the output for an input with the batch first. */
export interface PageTask {
  readonly file: readonly number[];
  readonly x: readonly number[];
  readonly shape: readonly number[];
}

/** Reads the model, its weights in a Web Worker, and answers; a damaged file must end in a typed error. */
async function work({ file, x, shape }: PageTask): Promise<{ y: number[]; code: string }> {
  const backend = createReferenceBackend();
  using readHdf5 = hdf5InWorker(() => new Worker('web-worker.js', { type: 'module' }), { timeLimit: 20_000 });
  const code = await readHdf5(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3)).then(
    () => 'valid',
    (error: unknown) => String(Reflect.get(Object(error), 'code')),
  );
  const model = await importKeras(Uint8Array.from(file), { backend, readHdf5 });
  using _scope = openScope(backend, { gradient: false });
  const output = model.forward(transpose(tensor(backend, Float32Array.from(x), { shape }), [1, 0, 2]));
  return { y: [...(await transpose(output, [1, 0, 2]).data())], code };
}

Reflect.set(globalThis, 'work', work);
