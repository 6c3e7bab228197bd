import { readFileSync } from 'node:fs';
import * as interop from '@timestep/interop';
import * as hdf5 from '@timestep/interop/hdf5';
import * as keras from '@timestep/interop/keras';
import * as node from '@timestep/interop/node';
import { zeros } from '@timestep/core';
import { EncoderDecoder, LSTM } from '@timestep/layers';
import type { Entry } from '../mutations.ts';
import { backend } from './backend.ts';
import { bound, entry, reasons } from './entry.ts';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../../packages/interop/src/fixtures/${name}`, import.meta.url)));
const bytes = { also: { '0': ['ArrayBuffer'] } };
const lstm = new LSTM({ backend, inputSize: 3, hiddenSize: 2 });
const encoderDecoder = new EncoderDecoder({
  backend,
  sourceSymbols: 4,
  targetSymbols: 5,
  start: 0,
  end: 1,
  embeddingSize: 2,
  hiddenSize: 2,
});
const saved = await interop.savePyTorch(lstm);
const onnxFile = await interop.exportOnnx(lstm);
const onnxModel = interop.importOnnx(onnxFile, { backend });
const readHdf5 = node.createHdf5Reader();
const kerasFile = fixture('keras-lstm-last.keras');
const kerasModel = await keras.importKeras(kerasFile, { backend, readHdf5 });
const fixed = (size: number | string | null | undefined) => (typeof size === 'number' ? size : 1);
const kerasSize = fixed(kerasModel.inputs[0]!.shape.at(-1));
const feeds = () =>
  Object.fromEntries(onnxModel.inputs.map(({ name, shape }) => [name, zeros(backend, (shape ?? []).map(fixed))]));

/** Frees what a call has made. */
const freed =
  <Given extends readonly unknown[]>(make: (...given: Given) => Disposable | Promise<Disposable>) =>
  async (...given: Given): Promise<void> =>
    (await make(...given))[Symbol.dispose]();

export const interopTable: readonly Entry[] = [
  entry('readPt', interop.readPt, () => [fixture('pt/state.pt'), { name: 'a.pt' }], bytes),
  entry('readStateDict', interop.readStateDict, () => [saved, { mapping: {}, name: 'file' }], {
    also: { '0': ['ArrayBuffer'], mapping: ['function'] },
  }),
  entry('loadPyTorch', interop.loadPyTorch, () => [lstm, saved, { mapping: {}, name: 'file', strict: true }], {
    also: { '1': ['ArrayBuffer'], mapping: ['function'] },
  }),
  entry('savePyTorch', interop.savePyTorch, () => [lstm, { mapping: {} }], { also: { mapping: ['function'] } }),
  entry('renameEntries', interop.renameEntries, () => [new Map([['a', 1]]), { a: 'b' }], {
    also: { '1': ['function'], a: ['any'] },
    nullable: ['a'],
    open: [1],
  }),
  entry('exportOnnx', interop.exportOnnx, () => [
    lstm,
    { input: { name: 'x', shape: ['time', 'batch', 3] }, lengths: false, name: 'model' },
  ]),
  entry('exportOnnxGraph', interop.exportOnnxGraph, () => [
    (graph: interop.OnnxGraph) => graph.output('y', graph.input('x', 'f32', [2])),
    'model',
  ]),
  entry('exportEncoderDecoder', interop.exportEncoderDecoder, () => [encoderDecoder]),
  entry('importOnnx', freed(interop.importOnnx), () => [onnxFile, { backend, externalData: () => new Uint8Array() }], {
    also: { '0': ['ArrayBuffer'], externalData: ['array', 'ArrayBuffer', 'options'] },
  }),
  entry('OnnxModel.forward', bound(onnxModel, 'forward'), () => [feeds()]),
  entry('importKeras', freed(keras.importKeras), () => [kerasFile, { backend, readHdf5 }], bytes),
  entry('KerasModel.forward', bound(kerasModel, 'forward'), () => [zeros(backend, [4, 1, kerasSize])]),
  entry('loadKerasWeights', keras.loadKerasWeights, () => [new Map(), {}], { open: [1] }),
  entry(
    'createHdf5Reader',
    (options: object) => node.createHdf5Reader(options).close(),
    () => [{ timeLimit: 1000, memoryLimit: 2 ** 28 }],
  ),
];

export const interopExports: Readonly<Record<string, unknown>> = { ...interop, ...keras, ...hdf5, ...node };

export const interopWithout: Readonly<Record<string, string>> = {
  ...reasons('an error class: every message is fine', 'InteropError'),
  ...reasons(
    'parts of exporters, called with a graph under construction by typed code',
    'exportAttention',
    'exportLayer',
    'exportMemory',
    'exportOneToMany',
    'exportTeacherForced',
  ),
  ...reasons('their own test calls them wrongly: packages/interop/src/arguments.test.ts', 'hdf5InWorker', 'readHdf5'),
  ...reasons('a graph under construction, called by exporters in typed code', 'OnnxGraph'),
};
