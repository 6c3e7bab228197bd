// The package's own declarations cannot be found from an ES module; these are the parts that the tests use.
declare module 'onnxruntime-node' {
  export class Tensor {
    constructor(
      type: 'float32' | 'int32' | 'bool',
      data: Float32Array | Int32Array | Uint8Array,
      dims: readonly number[],
    );
    readonly data: Float32Array | Int32Array | Uint8Array;
    readonly dims: readonly number[];
  }
  export interface InferenceSession {
    readonly inputNames: readonly string[];
    run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
  export const InferenceSession: {
    create(
      file: Uint8Array,
      options?: { graphOptimizationLevel?: 'disabled' | 'all'; logSeverityLevel?: 0 | 1 | 2 | 3 | 4 },
    ): Promise<InferenceSession>;
  };
}
