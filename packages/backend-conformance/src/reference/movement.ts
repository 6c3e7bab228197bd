import {
  ArgumentError,
  findIndexFault,
  indexError,
  ShapeError,
  type AxisSpec,
  type Backend,
  type DeviceBuffer,
} from '@timestep/backend-api';
import { checkDistinct, type Heap } from './heap.ts';
import { addresses } from './strided.ts';

type Movement = Pick<
  Backend,
  'fill' | 'cast' | 'copy' | 'gatherRows' | 'scatterAddRows' | 'gatherAxis' | 'scatterAddAxis'
>;

/** The operations that move data without computing much. */
export function movement(heap: Heap): Movement {
  return {
    fill(out, value) {
      heap.values('fill', out).fill(value);
    },

    cast(input, out) {
      checkDistinct('cast', out, input);
      const source = heap.values('cast', input);
      const target = heap.values('cast', out, input.length);
      const truncate = input.dtype === 'f32' && out.dtype !== 'f32';
      source.forEach((value, n) => (target[n] = truncate ? Math.trunc(value) : value));
    },

    copy(input, out, shape) {
      checkDistinct('copy', out.buffer, input.buffer);
      const source = heap.values('copy', input.buffer);
      const target = heap.values('copy', out.buffer);
      checkSameDType('copy', input.buffer, out.buffer);
      const from = addresses('copy', input, shape);
      const to = addresses('copy', out, shape);
      for (let n = 0; n < from.length; n++) target[to[n]!] = source[from[n]!]!;
    },

    gatherRows(table, index, out, columns) {
      checkDistinct('gatherRows', out, table, index);
      const source = heap.values('gatherRows', table);
      const rows = heap.integers('gatherRows', index);
      const target = heap.values('gatherRows', out, rows.length * columns);
      checkSameDType('gatherRows', table, out);
      const count = countRows('gatherRows', table, columns);
      rows.forEach((row, n) => {
        for (let j = 0; j < columns; j++)
          target[n * columns + j] = isWithin(row, count) ? source[row * columns + j]! : 0;
      });
      if (columns > 0) checkIndices('gatherRows', rows, count);
    },

    scatterAddRows(values, index, out, columns) {
      checkDistinct('scatterAddRows', out, values, index);
      const rows = heap.integers('scatterAddRows', index);
      const source = heap.values('scatterAddRows', values, rows.length * columns);
      const target = heap.values('scatterAddRows', out);
      checkSameDType('scatterAddRows', values, out);
      const count = countRows('scatterAddRows', out, columns);
      rows.forEach((row, n) => {
        if (!isWithin(row, count)) return;
        for (let j = 0; j < columns; j++) target[row * columns + j]! += source[n * columns + j]!;
      });
      if (columns > 0) checkIndices('scatterAddRows', rows, count);
    },

    gatherAxis(input, index, out, spec) {
      checkDistinct('gatherAxis', out, input, index);
      const { outer, length, inner, count } = spec;
      const source = heap.values('gatherAxis', input, outer * length * inner);
      const places = heap.integers('gatherAxis', index, outer * count * inner);
      const target = heap.values('gatherAxis', out, outer * count * inner);
      checkSameDType('gatherAxis', input, out);
      target.fill(0);
      eachPlace(spec, places, (at, there) => (target[at] = source[there]!));
      checkIndices('gatherAxis', places, length);
    },

    scatterAddAxis(values, index, out, spec) {
      checkDistinct('scatterAddAxis', out, values, index);
      const { outer, length, inner, count } = spec;
      const source = heap.values('scatterAddAxis', values, outer * count * inner);
      const places = heap.integers('scatterAddAxis', index, outer * count * inner);
      const target = heap.values('scatterAddAxis', out, outer * length * inner);
      checkSameDType('scatterAddAxis', values, out);
      eachPlace(spec, places, (at, there) => (target[there]! += source[at]!));
      checkIndices('scatterAddAxis', places, length);
    },
  };
}

/**
 * Calls `visit` with each address in `[outer, count, inner]` and the one that it points at in `[outer, length, inner]`;
 * not where its index is out of range.
 */
function eachPlace(spec: AxisSpec, places: Int32Array, visit: (at: number, there: number) => void): void {
  const { outer, length, inner, count } = spec;
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * count + c) * inner + i;
        if (isWithin(places[at]!, length)) visit(at, (o * length + places[at]!) * inner + i);
      }
    }
  }
}

function isWithin(index: number, length: number): boolean {
  return index >= 0 && index < length;
}

function checkIndices(where: string, indices: Int32Array, length: number): void {
  const position = findIndexFault(indices, length);
  if (position >= 0) throw indexError({ where: `reference.${where}`, index: indices[position]!, position, length });
}

function countRows(where: string, table: DeviceBuffer, columns: number): number {
  const rows = columns === 0 ? 0 : table.length / columns;
  if (!Number.isInteger(rows))
    throw new ShapeError(`[reference.${where}] expected whole rows, got ${rows}; pass the right column count`);
  return rows;
}

function checkSameDType(where: string, a: DeviceBuffer, b: DeviceBuffer): void {
  if (a.dtype !== b.dtype)
    throw new ArgumentError(
      `[reference.${where}] expected two buffers of one dtype, got ${a.dtype} and ${b.dtype}; cast first`,
    );
}
