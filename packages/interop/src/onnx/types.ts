/** Numbers of the element types in `TensorProto.data_type`. */
export const elementTypes = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  bf16: 16,
} as const;

/** Numbers of the kinds in `AttributeProto.type`. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** An axis of a value of a graph: its length, or the name of a length that is known when the model runs. */
export type OnnxDimension = number | string;

/** The element type of a value in a graph. */
export type OnnxElementType = 'f32' | 'i32' | 'i64' | 'bool';
