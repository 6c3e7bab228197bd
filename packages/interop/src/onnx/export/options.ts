import type { OnnxDimension, OnnxElementType } from '../types.ts';

/** Options of `exportOnnx`. */
export interface ExportOnnxOptions {
  /**
   * The model's first input, `x` by default. Its type and axes are those that the first layer takes: `[T, N]` of i32
   * for an embedding, else `[T, N, D]` of f32.
   */
  readonly input?:
    { readonly name?: string; readonly dtype?: OnnxElementType; readonly shape?: readonly OnnxDimension[] } | undefined;
  /** Give the model an input `lengths`, i32 `[N]`, each 0…T. False by default. */
  readonly lengths?: boolean | undefined;
  /** The graph's name; `model` by default. */
  readonly name?: string | undefined;
}
