/** The strides of a tensor without gaps. */
export function contiguous(dimensions: readonly number[]): number[] {
  const strides = new Array<number>(dimensions.length).fill(1);
  for (let axis = dimensions.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dimensions[axis + 1]!;
  return strides;
}
