import { create } from '@bufbuild/protobuf';
import type { Backend, Tensor } from '@timestep/core';
import {
  AttributeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../proto/onnx.generated.ts';
import { attributeTypes, elementTypes, type OnnxDimension, type OnnxElementType } from '../types.ts';

/**
 * An attribute of a node: an integer, `{ float }`, a text, a graph in bytes, or a list of integers or texts.
 */
export type OnnxAttribute =
  number | { readonly float: number } | { readonly graph: Uint8Array } | string | readonly number[] | readonly string[];

export function floatInitializer(name: string, values: Float32Array, shape: readonly number[]): TensorProto {
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return create(TensorProtoSchema, { name, dataType: elementTypes.f32, dims: shape.map(BigInt), rawData });
}

export async function readAll(tensors: readonly Tensor[]): Promise<Float32Array[]> {
  const backend: Backend | undefined = tensors[0]?.backend;
  const contents = (await backend?.readMany(tensors.map(({ buffer }) => buffer))) ?? [];
  return contents.map((values) => Float32Array.from(values));
}

/** @param shape '' for an unknown axis */
export function describe(name: string, dtype: OnnxElementType, shape: readonly OnnxDimension[]): ValueInfoProto {
  const dim = shape.map((length) => {
    if (length === '') return {};
    return typeof length === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(length) } }
      : { value: { case: 'dimParam' as const, value: length } };
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } },
  });
}

export function attributeOf(name: string, value: OnnxAttribute): AttributeProto {
  const text = (one: string) => new TextEncoder().encode(one);
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: attributeTypes.int, i: BigInt(value) });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: attributeTypes.string, s: text(value) });
  if ('graph' in value) return create(AttributeProtoSchema, { name, type: attributeTypes.graph, g: value.graph });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: attributeTypes.float, f: value.float });
  if (value.every((one) => typeof one === 'number'))
    return create(AttributeProtoSchema, { name, type: attributeTypes.ints, ints: value.map((one) => BigInt(one)) });
  return create(AttributeProtoSchema, {
    name,
    type: attributeTypes.strings,
    strings: value.map((one) => text(String(one))),
  });
}
