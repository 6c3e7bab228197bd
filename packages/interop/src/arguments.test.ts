import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { ArgumentError, type Bytes } from '@timestep/core';
import { LSTM } from '@timestep/layers';
import { afterAll, describe, expect, it } from 'vitest';
import { hdf5InWorker, readHdf5 } from './hdf5/index.ts';
import * as kerasEntry from './keras/index.ts';
import { importKeras, loadKerasWeights } from './keras/index.ts';
import { createHdf5Reader } from './node/index.ts';
import { loadPyTorch, readPt, readStateDict, renameEntries, savePyTorch } from './index.ts';
import { fixture } from './test-support/fixtures.ts';

const backend = createReferenceBackend();
const reader = createHdf5Reader();
afterAll(() => reader.close());
const lstm = () => new LSTM({ backend, inputSize: 3, hiddenSize: 2, bidirectional: true });

/** The same bytes in every form in which programs hold them. */
function forms(bytes: Uint8Array): [string, Bytes][] {
  const within = new Uint8Array(bytes.length + 13);
  within.set(bytes, 8);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  const alone = bytes.slice();
  return [
    ['Uint8Array', alone],
    ['Buffer', Buffer.from(bytes)],
    ['a view at an offset', within.subarray(8, 8 + bytes.length)],
    ['ArrayBuffer', alone.buffer],
    ['DataView', new DataView(within.buffer, 8, bytes.length)],
    ['SharedArrayBuffer', shared],
    ['a view of shared memory', new Uint8Array(shared)],
  ];
}

describe('bytes in every form', () => {
  const readers: [string, string, (bytes: Bytes) => unknown][] = [
    ['readPt', 'pt/state.pt', (bytes) => readPt(bytes)],
    ['readStateDict of .pt', 'pt/state.pt', (bytes) => readStateDict(bytes)],
    ['readStateDict of safetensors', 'tagger.safetensors', (bytes) => readStateDict(bytes)],
    [
      'loadPyTorch',
      'pt/state.pt',
      (bytes) => {
        using model = lstm();
        return loadPyTorch(model, bytes);
      },
    ],
    ['readHdf5', 'keras-gru-reset-before.weights.h5', (bytes) => readHdf5(bytes)],
    ['createHdf5Reader', 'keras-gru-reset-before.weights.h5', (bytes) => reader(bytes)],
    [
      'importKeras',
      'keras-lstm-last.keras',
      async (bytes) => {
        using model = await importKeras(bytes, { backend, readHdf5: reader });
        return await model.stateDict();
      },
    ],
  ];

  it.each(readers)('%s', async (_, file, read) => {
    const expected = await read(fixture(file));
    for (const [form, bytes] of forms(fixture(file))) expect(await read(bytes), form).toEqual(expected);
    for (const wrong of [undefined, null, 5, 'model.keras', [80, 75], {}, Promise.resolve(fixture(file))])
      await expect((async () => read(wrong as never))(), String(wrong)).rejects.toBeInstanceOf(ArgumentError);
  });
});

describe('options and arguments', () => {
  const calls: [string, () => unknown, RegExp][] = [
    ['readPt', () => readPt(fixture('pt/state.pt'), { nam: 'x' } as never), /unknown option nam; did you mean name/],
    ['readStateDict', () => readStateDict(fixture('pt/state.pt'), { maping: {} } as never), /did you mean mapping/],
    ['readStateDict', () => readStateDict(fixture('pt/state.pt'), { path: 3 } as never), /expected path to be/],
    ['loadPyTorch', () => loadPyTorch(lstm(), fixture('pt/state.pt'), { strict: 'no' } as never), /expected strict/],
    ['loadPyTorch', () => loadPyTorch({} as never, fixture('pt/state.pt')), /expected module to be a module/],
    ['savePyTorch', () => savePyTorch(null as never), /expected module to be a module/],
    ['savePyTorch', () => savePyTorch(lstm(), { strict: true } as never), /unknown option strict/],
    ['renameEntries', () => renameEntries({} as never, {}), /expected entries to be a Map/],
    ['renameEntries', () => renameEntries(new Map(), 'x' as never), /expected mapping to be/],
    ['importKeras', () => importKeras(fixture('keras-lstm.keras'), { backend } as never), /expected readHdf5/],
    ['importKeras', () => importKeras(fixture('keras-lstm.keras'), undefined as never), /expected backend/],
    [
      'importKeras',
      () => importKeras(fixture('keras-lstm.keras'), { backend: {} as never, readHdf5: reader }),
      /backend/,
    ],
    ['loadKerasWeights', () => loadKerasWeights([] as never, {}), /expected datasets to be/],
    ['loadKerasWeights', () => loadKerasWeights(new Map(), { lstm: 3 } as never), /expected lstm to be a module/],
    ['createHdf5Reader', () => createHdf5Reader({ timeLimt: 3 } as never), /did you mean timeLimit/],
    ['createHdf5Reader', () => createHdf5Reader({ memoryLimit: -1 }), /expected memoryLimit/],
    ['hdf5InWorker', () => hdf5InWorker(new URL('file:///x') as never), /expected start to be a function/],
  ];

  it.each(calls)('%s', async (_, call, message) => {
    await expect((async () => call())()).rejects.toThrow(message);
    await expect((async () => call())()).rejects.toBeInstanceOf(ArgumentError);
  });
});

it('@timestep/interop/keras has what reads Keras files', () => {
  expect(Object.keys(kerasEntry).sort()).toEqual(['InteropError', 'KerasModel', 'importKeras', 'loadKerasWeights']);
});
