import { ArgumentError } from '@timestep/backend-api';

/** More dimensions than this, after merging, do not fit a slot of parameters with four operands. */
const maxRank = 12;

/** A shape with the strides of some operands, merged to as few dimensions as walk the same elements. */
export interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly size: number;
}

/** Drops dimensions of size 1 and merges those that every operand walks as one. */
export function mergeDimensions(shape: readonly number[], operands: readonly (readonly number[])[]): Walk {
  const merged: number[] = [];
  const strides: number[][] = operands.map(() => []);
  let size = 1;
  shape.forEach((extent, axis) => {
    size *= extent;
    if (extent === 1) return;
    const last = merged.length - 1;
    const joins = last >= 0 && operands.every((each, operand) => strides[operand]![last] === each[axis]! * extent);
    if (joins) merged[last]! *= extent;
    else merged.push(extent);
    operands.forEach((each, operand) => {
      if (joins) strides[operand]![last] = each[axis]!;
      else strides[operand]!.push(each[axis]!);
    });
  });
  if (merged.length > maxRank) {
    throw new ArgumentError(
      `[webgpu] a strided operation takes at most ${maxRank} dimensions that do not merge, got ${merged.length}; make the tensor contiguous first`,
    );
  }
  return { shape: merged, strides, size };
}

/** Row-major strides of a shape. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** The parameters that `indexCode` reads, for `names` operands of this rank. */
export function walkParameters(rank: number, names: readonly string[]): Record<string, 'u32' | 'i32'> {
  const parameters: Record<string, 'u32' | 'i32'> = { size: 'u32' };
  for (let axis = 0; axis < rank; axis++) parameters[`extent${axis}`] = 'u32';
  for (const name of names) {
    parameters[`${name}Offset`] = 'i32';
    for (let axis = 0; axis < rank; axis++) parameters[`${name}Stride${axis}`] = 'i32';
  }
  return parameters;
}

/** The values of those parameters. */
export function walkValues(walk: Walk, names: readonly string[], offsets: readonly number[]): Record<string, number> {
  const values: Record<string, number> = { size: walk.size };
  walk.shape.forEach((extent, axis) => (values[`extent${axis}`] = extent));
  names.forEach((name, operand) => {
    values[`${name}Offset`] = offsets[operand]!;
    walk.strides[operand]!.forEach((stride, axis) => (values[`${name}Stride${axis}`] = stride));
  });
  return values;
}

/** WGSL that leaves `<name>Index` for each operand: the place of element `thread`. */
export function indexCode(rank: number, names: readonly string[]): string {
  const lines = ['  var rest = thread;'];
  for (let axis = rank - 1; axis >= 0; axis--) {
    // The outermost index needs no remainder.
    lines.push(
      axis === 0
        ? `  let i0 = i32(rest);`
        : `  let i${axis} = i32(rest % params.extent${axis}); rest = rest / params.extent${axis};`,
    );
  }
  for (const name of names) {
    const terms = Array.from({ length: rank }, (_, axis) => ` + i${axis} * params.${name}Stride${axis}`);
    lines.push(`  let ${name}Index = params.${name}Offset${terms.join('')};`);
  }
  return lines.join('\n');
}
