import { checkOptions, is, toBytes, type Backend, type Bytes } from '@timestep/core';
import { ensure } from '../../errors.ts';
import { Decoder } from './decode.ts';
import { ExternalData, type OnnxExternalData } from './external-data.ts';
import { OnnxModel } from './model.ts';

/** The options of `importOnnx`. */
export interface ImportOnnxOptions {
  readonly backend: Backend;
  /**
   * The contents of other files with weights of the model, such as PyTorch writes by
   * default: `{ 'model.onnx.data': bytes }`, a function from a name to bytes, or the bytes of the only such file.
   */
  readonly externalData?: OnnxExternalData | undefined;
}

/** The oldest and newest supported operator sets. */
const [oldestOpset, newestOpset] = [7, 28];

/**
 * Reads an ONNX model: LSTM, GRU, RNN, convolutions, products, normalisations, and the operators for shapes, elements and
 * loops that exporters add. Weights become float32. If a recurrent operator reads weights that are computed from others
 * (concatenated, transposed, copied), they are computed once, while the file is read.
 *
 * @param file the bytes of the file: a Uint8Array, a Node Buffer or an ArrayBuffer
 * @throws InteropError `MALFORMED_FILE` or `READ_LIMIT` for a damaged file, `UNSUPPORTED_MODEL` for an operator or an
 *   attribute that is not supported (with its name), `MISSING_TENSOR` for weights in a file that was not passed
 * @throws ArgumentError for anything but bytes, and for an unknown option
 * @example
 * const model = importOnnx(await readFile('model.onnx'), { backend });
 * const { output } = model.forward({ x, lengths: [12, 9] });
 */
export function importOnnx(file: Bytes, options: ImportOnnxOptions): OnnxModel {
  const bytes = toBytes('importOnnx', file);
  checkOptions('importOnnx', options, {
    backend: is.like('a backend; make one with createCpuBackend() or the like', 'alloc', 'memory'),
    externalData: is.anything,
  });
  const external = new ExternalData(options.externalData);
  const decoder = new Decoder(bytes);
  const { graph, opsetImport } = decoder.model();
  ensure(graph !== undefined, 'MALFORMED_FILE', () => '[onnx] the file contains no graph; it is not an ONNX model');
  const opset = Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  ensure(
    opset >= oldestOpset && opset <= newestOpset,
    'UNSUPPORTED_MODEL',
    () => `[onnx] the model has operator set ${opset}; ${oldestOpset} to ${newestOpset} can be read`,
  );
  return new OnnxModel(graph, { opset, decoder, external }, options.backend);
}
