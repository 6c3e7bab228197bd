import { ShapeError } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { normalizeAxis, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { expectDType, sameBackend } from './check.ts';

/**
 * Rows of a table by index: table `[rows, …]`, index i32 of any shape → `[…index, …]`. The indices must be in range:
 * they are on the device and are not read back to be checked.
 */
export function gatherRows(table: Tensor, index: Tensor): Tensor {
  sameBackend('gatherRows', [table, index]);
  expectDType('gatherRows', 'index', index, ['i32']);
  if (table.rank < 1) throw new ShapeError('[gatherRows] expected a table of at least one axis, got a scalar');
  const columns = sizeOf(table.shape.slice(1));
  const shape = [...index.shape, ...table.shape.slice(1)];
  const out = table.backend.alloc(table.dtype, sizeOf(shape));
  table.backend.gatherRows(table.buffer, index.buffer, out, columns);
  const y = wrap(table, out, shape);
  record('gatherRows', [y], {
    inputs: [table],
    saved: [index],
    backward: ([gradient], _wanted, [saved]) => {
      const sums = table.backend.alloc('f32', table.size);
      table.backend.fill(sums, 0);
      table.backend.scatterAddRows(gradient!.buffer, saved!.buffer, sums, columns);
      return [wrap(gradient!, sums, table.shape)];
    },
  });
  return y;
}

/**
 * Elements along an axis by index, as `torch.gather`: `index` has the shape of x but for that axis, and the result its
 * shape: out[…, c, …] = x[…, index[…, c, …], …].
 */
export function gather(x: Tensor, index: Tensor, axis = -1): Tensor {
  sameBackend('gather', [x, index]);
  expectDType('gather', 'index', index, ['i32']);
  const at = normalizeAxis('gather', axis, x.rank);
  if (index.rank !== x.rank || index.shape.some((length, k) => k !== at && length !== x.shape[k])) {
    throw new ShapeError(
      `[gather] expected an index of the shape ${show(x.shape)} but for axis ${axis}, got ${show(index.shape)}`,
    );
  }
  const spec = {
    outer: sizeOf(x.shape.slice(0, at)),
    length: x.shape[at]!,
    inner: sizeOf(x.shape.slice(at + 1)),
    count: index.shape[at]!,
  };
  const out = x.backend.alloc(x.dtype, index.size);
  x.backend.gatherAxis(x.buffer, index.buffer, out, spec);
  const y = wrap(x, out, index.shape);
  record('gather', [y], {
    inputs: [x],
    saved: [index],
    backward: ([gradient], _wanted, [saved]) => {
      const sums = x.backend.alloc('f32', x.size);
      x.backend.fill(sums, 0);
      x.backend.scatterAddAxis(gradient!.buffer, saved!.buffer, sums, spec);
      return [wrap(gradient!, sums, x.shape)];
    },
  });
  return y;
}
