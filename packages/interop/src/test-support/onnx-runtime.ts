// 1.16.3 is the last version whose package needs no install script; later ones are three times as large.
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';

export interface HostInput {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

export interface HostMask {
  /** 0 or 1 */
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** Runs an ONNX file by ONNX Runtime, the independent judge of what is exported. */
export async function runOnnx(
  file: Uint8Array,
  inputs: Readonly<Record<string, HostInput | HostMask>>,
): Promise<Record<string, { data: Float32Array; shape: readonly number[] }>> {
  const session = await InferenceSession.create(file, { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      new OnnxTensor(
        data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool',
        data,
        shape,
      ),
    ]),
  );
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims }]) => [
      name,
      { data: Float32Array.from(data as ArrayLike<number | bigint>, Number), shape: dims },
    ]),
  );
}
