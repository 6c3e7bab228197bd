import { ShapeError } from '@timestep/backend-api';
import { produce, record } from '../autograd/record.ts';
import { normalizeAxis, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, expectDType, sameBackend } from './check.ts';

/**
 * Rows of a table by index: `y[n, …] = table[index[n], …]`.
 *
 * @example
 * gatherRows(table, tensor(backend, [2, 0, 2], { dtype: 'i32' })); // table [5, 3] → [3, 3]
 *
 * @param table `[rows, …]`
 * @param index i32 of any shape, each in 0…rows − 1
 * @returns `[…index, …]`
 * @throws ArgumentError for an index out of range: at once where memory is the host's, else from the next `data()`;
 *   the result there is 0
 */
export function gatherRows(table: Tensor, index: Tensor): Tensor {
  checkTensor('gatherRows', 'table', table);
  expectDType('gatherRows', 'index', index, ['i32']);
  sameBackend('gatherRows', [table, index]);
  if (table.rank < 1) throw new ShapeError('[gatherRows] expected a table of at least one axis, got a scalar');
  const columns = sizeOf(table.shape.slice(1));
  const shape = [...index.shape, ...table.shape.slice(1)];
  const { backend } = table;
  const y = produce(table, table.dtype, shape, (out) => backend.gatherRows(table.buffer, index.buffer, out, columns));
  record('gatherRows', [y], {
    inputs: [table],
    saved: [index],
    backward: ([gradient], _wanted, [saved]) => {
      const sums = produce(gradient!, 'f32', table.shape, (out) => {
        backend.fill(out, 0);
        backend.scatterAddRows(gradient!.buffer, saved!.buffer, out, columns);
      });
      return [sums];
    },
  });
  return y;
}

/**
 * Elements along an axis by index, as `torch.gather`: `y[…, c, …] = x[…, index[…, c, …], …]`.
 *
 * @example
 * ```ts
 * gather(logits, labels, -1); // logits [N, C], labels i32 [N, 1] → [N, 1]
 * ```
 *
 * @param index i32 of the shape of x but for that axis, each in 0…length − 1
 * @param axis the last by default
 * @returns the shape of `index`
 * @throws ArgumentError for an index out of range: at once where memory is the host's, else from the next `data()`;
 *   the result there is 0
 */
export function gather(x: Tensor, index: Tensor, axis = -1): Tensor {
  checkTensor('gather', 'x', x);
  expectDType('gather', 'index', index, ['i32']);
  sameBackend('gather', [x, index]);
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
  const { backend } = x;
  const y = produce(x, x.dtype, index.shape, (out) => backend.gatherAxis(x.buffer, index.buffer, out, spec));
  record('gather', [y], {
    inputs: [x],
    saved: [index],
    backward: ([gradient], _wanted, [saved]) => {
      const sums = produce(gradient!, 'f32', x.shape, (out) => {
        backend.fill(out, 0);
        backend.scatterAddAxis(gradient!.buffer, saved!.buffer, out, spec);
      });
      return [sums];
    },
  });
  return y;
}
