import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { exportOnnxGraph } from './graph.ts';
import { buildModel } from './model.ts';
import type { ExportOnnxOptions } from './options.ts';

const isModule = is.like('a layer or model', 'slots', 'parameters');
const optionRules: OptionRules<ExportOnnxOptions> = {
  input: is.optional(is.object),
  lengths: is.optional(is.boolean),
  name: is.optional(is.string),
};
const isAxis = is.anyOf(is.size(0), is.string);
const inputRules: OptionRules<NonNullable<ExportOnnxOptions['input']>> = {
  name: is.optional(is.string),
  dtype: is.optional(is.oneOf('f32', 'i32', 'i64', 'bool')),
  shape: is.optional(is.arrayOf(isAxis)),
};

/**
 * Writes a model to an ONNX file (operator set 17) with free axes T and N. The model is any layer or model of
 * `@timestep/layers`, or your own module with a method `onnx(graph, x, input)`. It is written in `eval()` mode, without
 * dropout. The output is named `output`; the final state of a recurrent layer follows as `state_h` and `state_c`. Some
 * models have other inputs and outputs:
 *
 * | model | inputs | outputs |
 * |---|---|---|
 * | a cell | x `[N, D]`, and each part of the state by its name | output, `state_…` |
 * | an attention | x (the queries `[T, N, Q]`), memory `[S, N, K]` | context, weights |
 * | OneToMany | x `[N, D]`, steps (i32, no axes) | output `[T, N, P]` |
 * | EncoderDecoder | x (source tokens `[S, N]`), targets `[T, N]`: teacher forcing; to generate, see `exportEncoderDecoder` | logits, weights |
 *
 * @throws InteropError `UNSUPPORTED_MODEL` for a model that cannot be exported, such as one with your own function
 * @throws ArgumentError if the input does not follow from the model, and for wrong options
 * @example
 * const bytes = await exportOnnx(new Sequential(embedding, lstm, head), { lengths: true });
 */
export async function exportOnnx(model: Module, options: ExportOnnxOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  checkValue('exportOnnx', 'model', model, isModule);
  checkOptions('exportOnnx', options, optionRules);
  if (options.input) checkOptions('exportOnnx', options.input, inputRules);
  return exportOnnxGraph((graph) => buildModel(graph, model, options), options.name);
}
