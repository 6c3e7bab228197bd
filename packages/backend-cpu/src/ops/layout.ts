/** An axis of strided operands: its size, and the stride of each operand along it. */
export interface Axis {
  readonly size: number;
  readonly strides: readonly number[];
}

/**
 * The axes of `shape`, outermost first, that a kernel has to walk: axes of size 1 are left out, and neighbours through
 * which every operand runs on with one stride are merged.
 */
export function mergeAxes(shape: readonly number[], operands: readonly (readonly number[])[]): Axis[] {
  const axes: Axis[] = [];
  for (const [k, size] of shape.entries()) {
    if (size !== 1) pushMerged(axes, { size, strides: operands.map((strides) => strides[k]!) });
  }
  return axes;
}

/** As `mergeAxes`, but the axes are first put in the order of the last operand's strides, the smallest innermost. */
export function sortAndMergeAxes(shape: readonly number[], operands: readonly (readonly number[])[]): Axis[] {
  const last = operands.at(-1)!;
  const order = shape.map((_, k) => k).sort((i, j) => Math.abs(last[j]!) - Math.abs(last[i]!));
  return mergeAxes(
    order.map((k) => shape[k]!),
    operands.map((strides) => order.map((k) => strides[k]!)),
  );
}

function pushMerged(axes: Axis[], inner: Axis): void {
  const outer = axes.at(-1);
  if (outer && outer.strides.every((stride, k) => stride === inner.strides[k]! * inner.size)) {
    axes[axes.length - 1] = { size: outer.size * inner.size, strides: inner.strides };
  } else {
    axes.push(inner);
  }
}

/** Outer axes as `rowOffset` of the kernels reads them: `size, strides…` of each, the fastest first. */
export function axisSlots(axes: readonly Axis[]): number[] {
  return axes.toReversed().flatMap(({ size, strides }) => [size, ...strides]);
}

/** The elements of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The innermost axis, which kernels walk as a row, and the axes around it. A single element is a row of one. */
export function splitRow(axes: readonly Axis[], operands: number): { row: Axis; outer: readonly Axis[] } {
  const row = axes.at(-1) ?? { size: 1, strides: new Array<number>(operands).fill(1) };
  return { row, outer: axes.slice(0, -1) };
}
