import { ShapeError, type StridedOperand } from '@timestep/backend-api';

/** The number of elements of a shape. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Returns the position in the buffer of each element of `shape`, in row-major order: `offset + Σ iₖ·strides[k]`. */
export function addresses(where: string, operand: StridedOperand, shape: readonly number[]): Float64Array {
  const { strides, offset = 0, buffer } = operand;
  if (strides.length !== shape.length) {
    throw new ShapeError(
      `[reference.${where}] expected ${shape.length} strides for shape [${shape}], got [${strides}]; pass one for each axis`,
    );
  }
  const result = new Float64Array(countElements(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let n = 0; n < result.length; n++) {
    let address = offset;
    for (let k = 0; k < shape.length; k++) address += index[k]! * strides[k]!;
    if (address < 0 || address >= buffer.length) {
      throw new ShapeError(
        `[reference.${where}] expected element [${index}] inside a buffer of ${buffer.length}, got address ${address} from strides [${strides}] and offset ${offset}; mend the strides`,
      );
    }
    result[n] = address;
    for (let k = shape.length - 1; k >= 0; k--) {
      index[k]! += 1;
      if (index[k]! < shape[k]!) break;
      index[k] = 0;
    }
  }
  return result;
}

/** Whether `operand` walks its buffer exactly as a contiguous tensor of `shape` does. */
export function isContiguous(operand: StridedOperand, shape: readonly number[]): boolean {
  let expected = 1;
  for (let k = shape.length - 1; k >= 0; k--) {
    if (shape[k] !== 1 && operand.strides[k] !== expected) return false;
    expected *= shape[k]!;
  }
  return (operand.offset ?? 0) === 0;
}
