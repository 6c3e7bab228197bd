import { ArgumentError, ShapeError, type AxisSpec, type Backend, type DeviceBuffer } from '@timestep/backend-api';
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
      for (let n = 0; n < rows.length; n++) {
        if (columns > 0) checkIndex('gatherRows', rows[n]!, table.length / columns);
        for (let j = 0; j < columns; j++) target[n * columns + j] = source[rows[n]! * columns + j]!;
      }
    },

    scatterAddRows(values, index, out, columns) {
      checkDistinct('scatterAddRows', out, values, index);
      const rows = heap.integers('scatterAddRows', index);
      const source = heap.values('scatterAddRows', values, rows.length * columns);
      const target = heap.values('scatterAddRows', out);
      checkSameDType('scatterAddRows', values, out);
      for (let n = 0; n < rows.length; n++) {
        if (columns > 0) checkIndex('scatterAddRows', rows[n]!, out.length / columns);
        for (let j = 0; j < columns; j++) target[rows[n]! * columns + j]! += source[n * columns + j]!;
      }
    },

    gatherAxis(input, index, out, spec) {
      checkDistinct('gatherAxis', out, input, index);
      const { outer, length, inner, count } = spec;
      const source = heap.values('gatherAxis', input, outer * length * inner);
      const places = heap.integers('gatherAxis', index, outer * count * inner);
      const target = heap.values('gatherAxis', out, outer * count * inner);
      checkSameDType('gatherAxis', input, out);
      eachPlace('gatherAxis', spec, places, (at, there) => (target[at] = source[there]!));
    },

    scatterAddAxis(values, index, out, spec) {
      checkDistinct('scatterAddAxis', out, values, index);
      const { outer, length, inner, count } = spec;
      const source = heap.values('scatterAddAxis', values, outer * count * inner);
      const places = heap.integers('scatterAddAxis', index, outer * count * inner);
      const target = heap.values('scatterAddAxis', out, outer * length * inner);
      checkSameDType('scatterAddAxis', values, out);
      eachPlace('scatterAddAxis', spec, places, (at, there) => (target[there]! += source[at]!));
    },
  };
}

/**
 * Calls `visit` with the address in `[outer, count, inner]` and the one that it points at in `[outer, length, inner]`.
 */
function eachPlace(
  where: string,
  spec: AxisSpec,
  places: Int32Array,
  visit: (at: number, there: number) => void,
): void {
  const { outer, length, inner, count } = spec;
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * count + c) * inner + i;
        checkIndex(where, places[at]!, length);
        visit(at, (o * length + places[at]!) * inner + i);
      }
    }
  }
}

function checkIndex(where: string, index: number, length: number): void {
  if (!Number.isInteger(length))
    throw new ShapeError(`[reference.${where}] expected whole rows, got ${length}; pass the right column count`);
  if (index < 0 || index >= length) {
    throw new ArgumentError(
      `[reference.${where}] expected an index in 0…${length - 1}, got ${index}; check the indices before the call`,
    );
  }
}

function checkSameDType(where: string, a: DeviceBuffer, b: DeviceBuffer): void {
  if (a.dtype !== b.dtype)
    throw new ArgumentError(
      `[reference.${where}] expected two buffers of one dtype, got ${a.dtype} and ${b.dtype}; cast first`,
    );
}
