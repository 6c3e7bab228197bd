// Run with a small heap: files of 8 MB that would take a hundred times their size, were they decoded without a look
// ahead.
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { zipSync } from 'fflate';
import { openKerasArchive } from '../keras/archive.ts';
import { importOnnx } from '../onnx/import/import.ts';

const size = 8 * 2 ** 20;

/** A length-delimited field of a protocol buffer. */
function field(number: number, contents: Uint8Array): Uint8Array {
  const length = [];
  for (let rest = contents.length; ; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0));
    if (rest < 128) break;
  }
  const bytes = new Uint8Array(1 + length.length + contents.length);
  bytes.set([number * 8 + 2, ...length]);
  bytes.set(contents, 1 + length.length);
  return bytes;
}

function repeated(pattern: readonly number[]): Uint8Array {
  return new Uint8Array(size).map((_, n) => pattern[n % pattern.length]!);
}

const graph = 7;
const files = [
  field(graph, repeated([1 * 8 + 2, 0])), // nodes without contents
  field(graph, field(1, repeated([5 * 8 + 2, 0]))), // attributes without contents
  field(graph, field(1, repeated([1 * 8 + 2, 0]))), // inputs without names
  field(graph, field(5, field(1, repeated([1])))), // an initialiser of eight million axes
  field(graph, field(1, field(5, field(7, repeated([0]))))), // an attribute of two million floats: they fit, the model does not
  repeated([11 * 8 + 3]), // groups in groups
];
const backend = createReferenceBackend();
const attempts: (() => unknown)[] = [
  ...files.map((file) => () => importOnnx(file, { backend })),
  () =>
    openKerasArchive(zipSync({ 'config.json': repeated([91]), 'model.weights.h5': new Uint8Array(8) }, { level: 0 })),
];
for (const attempt of attempts) {
  try {
    attempt();
    console.log('valid');
  } catch (error) {
    console.log(error instanceof Error && 'code' in error ? error.code : error);
  }
}
