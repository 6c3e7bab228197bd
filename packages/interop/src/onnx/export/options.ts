import type { OnnxDimension, OnnxElementType } from '../types.ts';

/** Options of `exportOnnx`. */
export interface ExportOnnxOptions {
  /**
   * The first input of the model, named `x` by default. Its type and axes follow from the first layer: i32 `[T, N]` for an
   * embedding, f32 `[T, N, D]` otherwise.
   */
  readonly input?:
    { readonly name?: string; readonly dtype?: OnnxElementType; readonly shape?: readonly OnnxDimension[] } | undefined;
  /** Whether the model gets an input `lengths`, i32 `[N]`, each 0…T. False by default. */
  readonly lengths?: boolean | undefined;
  /** The name of the graph; `model` by default. */
  readonly name?: string | undefined;
}
