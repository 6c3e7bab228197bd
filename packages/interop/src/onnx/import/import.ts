import { checkOptions, is, toBytes, type Backend, type Bytes } from '@timestep/core';
import { ensure } from '../../errors.ts';
import { Decoder } from './decode.ts';
import { ExternalData, type OnnxExternalData } from './external-data.ts';
import { OnnxModel } from './model.ts';

export interface ImportOnnxOptions {
  readonly backend: Backend;
  /**
   * The contents of the files beside the model, where it keeps its weights in others, as PyTorch writes them by
   * default: `{ 'model.onnx.data': bytes }`, a function from a name to bytes, or the bytes of the only such file.
   */
  readonly externalData?: OnnxExternalData | undefined;
}

/** The operator sets whose meaning is known. */
const [oldestOpset, newestOpset] = [7, 28];

/**
 * Reads an ONNX model: LSTM, GRU, RNN, convolutions, products, normalisations, and the operators of shapes, elements
 * and loops that exporters put around them. Weights are in float32; weights that are computed from others (joined,
 * turned, copied) before a recurrent operator reads them are computed once, while the file is read.
 *
 * @param file the bytes of the file: a Uint8Array, a Node Buffer or an ArrayBuffer
 * @throws InteropError `MALFORMED_FILE` or `READ_LIMIT` for a damaged file, `UNSUPPORTED_MODEL` for an operator or an
 *   attribute that cannot be read, which the message names, `MISSING_TENSOR` for weights in a file that was not given
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
  ensure(graph !== undefined, 'MALFORMED_FILE', () => '[onnx] the file holds no graph; it is no ONNX model');
  const opset = Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  ensure(
    opset >= oldestOpset && opset <= newestOpset,
    'UNSUPPORTED_MODEL',
    () => `[onnx] the model is of operator set ${opset}; ${oldestOpset} to ${newestOpset} can be read`,
  );
  return new OnnxModel(graph, { opset, decoder, external }, options.backend);
}
