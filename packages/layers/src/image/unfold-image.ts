import { ShapeError, tensor, type Tensor } from '@timestep/core';
import { record, show, sizeOf, wrap } from '@timestep/core/extend';
import { windowCount, type Window } from '../unfold.ts';

/** The windows along one axis of an image, and what surrounds the image there. */
export interface ImageAxis extends Window {
  /** Places before the first and after the last one. */
  readonly padding: readonly [before: number, after: number];
}

/** The windows over the rows and the columns of an image. */
export type ImageWindows = readonly [rows: ImageAxis, columns: ImageAxis];

/** The number of windows along an axis of `length` places. */
export function placesAfter(length: number, axis: ImageAxis): number {
  return windowCount(length + axis.padding[0] + axis.padding[1], axis);
}

/**
 * Height and width after a layer that reads windows.
 *
 * @throws ShapeError where no window fits
 */
export function imageAfter(where: string, [height, width]: readonly [number, number], windows: ImageWindows) {
  const [rows, columns] = windows;
  const size = [placesAfter(height, rows), placesAfter(width, columns)] as const;
  if (size[0] < 1 || size[1] < 1)
    throw new ShapeError(
      `[${where}] a kernel of ${show([rows.size, columns.size])} (dilation ${show([rows.dilation, columns.dilation])}) does not fit into an image of ${show([height, width])} with padding ${show(rows.padding)} and ${show(columns.padding)}; pad more or use a smaller kernel`,
    );
  return size;
}

/**
 * Collects the windows of images: x `[N, C, H, W]` → `[N, C, KH, KW, H', W']`,
 * y[n, c, i, j, p, q] = x[n, c, p·stride + i·dilation − padding, q·stride + j·dilation − padding]. Places outside the
 * image are `fill`. Its gradient sums over the windows that contain a place.
 */
export function unfoldImage(x: Tensor, windows: ImageWindows, fill = 0): Tensor {
  const { backend } = x;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = windows;
  const [outHeight, outWidth] = [placesAfter(height, rows), placesAfter(width, columns)];
  const fullHeight = height + rows.padding[0] + rows.padding[1];
  const fullWidth = width + columns.padding[0] + columns.padding[1];
  const padded = fullHeight !== height || fullWidth !== width;
  const planes = batch * channels;
  const plane = fullHeight * fullWidth;
  const start = rows.padding[0] * fullWidth + columns.padding[0];

  let source = x.buffer;
  if (padded) {
    source = backend.alloc('f32', planes * plane);
    backend.fill(source, fill);
    backend.copy(
      { buffer: x.buffer, strides: [height * width, width, 1] },
      { buffer: source, strides: [plane, fullWidth, 1], offset: start },
      [planes, height, width],
    );
  }
  const window = [rows.size, columns.size, outHeight, outWidth] as const;
  const places = sizeOf(window);
  const shape = [batch, channels, ...window];
  const out = backend.alloc('f32', planes * places);
  const strides = [fullWidth * rows.dilation, columns.dilation, fullWidth * rows.stride, columns.stride];
  const own = [columns.size * outHeight * outWidth, outHeight * outWidth, outWidth, 1];
  backend.copy({ buffer: source, strides: [plane, ...strides] }, { buffer: out, strides: [places, ...own] }, [
    planes,
    ...window,
  ]);
  if (padded) backend.free(source);

  const y = wrap(x, out, shape);
  record('unfoldImage', [y], {
    inputs: [x],
    backward: ([gradient]) => {
      // The place in the window first, so that each place of the image is one row of the scatter.
      const values = backend.alloc('f32', planes * places);
      backend.copy(
        { buffer: gradient!.buffer, strides: [...own, places] },
        { buffer: values, strides: own.map((stride) => stride * planes).concat(1) },
        [...window, planes],
      );
      const sums = backend.alloc('f32', plane * planes);
      backend.fill(sums, 0);
      const target = tensor(backend, targets(window, strides));
      backend.scatterAddRows(wrap(x, values, [places, planes]).buffer, target.buffer, sums, planes);
      const result = backend.alloc('f32', x.size);
      backend.copy(
        {
          buffer: wrap(x, sums, [plane, planes]).buffer,
          strides: [1, fullWidth * planes, planes],
          offset: start * planes,
        },
        { buffer: result, strides: [height * width, width, 1] },
        [planes, height, width],
      );
      return [wrap(x, result, x.shape)];
    },
  });
  return y;
}

/** For each element of the windows `[KH, KW, H', W']`, the place of the padded image that it shows. */
function targets(window: readonly [number, number, number, number], strides: readonly number[]): Int32Array {
  const index = new Int32Array(sizeOf(window));
  let at = 0;
  for (let i = 0; i < window[0]; i++)
    for (let j = 0; j < window[1]; j++)
      for (let p = 0; p < window[2]; p++)
        for (let q = 0; q < window[3]; q++)
          index[at++] = i * strides[0]! + j * strides[1]! + p * strides[2]! + q * strides[3]!;
  return index;
}
