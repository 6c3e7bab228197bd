import type { DeviceBuffer, MatmulSpec } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { productSource, thinBlock, tiles, type Tile } from '../wgsl/product.ts';
import { copy, fill } from './data.ts';

/** A product of matrices that are parts of buffers: `out (+)= op(a)·op(b) (+ bias)`. Places and pitches in elements. */
export interface Product {
  readonly a: DeviceBuffer;
  readonly b: DeviceBuffer;
  readonly out: DeviceBuffer;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly accumulate?: boolean;
  /** `[n]`, added to every row. */
  readonly bias?: DeviceBuffer | null;
  readonly aOffset?: number;
  readonly bOffset?: number;
  readonly outOffset?: number;
  /** Elements from one stored row to the next; by default the rows touch. */
  readonly aPitch?: number;
  readonly bPitch?: number;
  readonly outPitch?: number;
  readonly batch?: number;
  readonly aStride?: number;
  readonly bStride?: number;
  readonly outStride?: number;
}

/** Workgroups that keep a large device busy. Below it the depth is split, if it is long enough. */
const enoughWorkgroups = 64;
const leastSplitDepth = 128;

/** Rows and columns of workgroups. */
function tileCounts(tile: Tile | null, m: number, n: number): [number, number] {
  return tile === null ? [1, Math.ceil((m * n) / thinBlock)] : [Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)];
}

function tileCount(tile: Tile | null, m: number, n: number): number {
  const [rows, columns] = tileCounts(tile, m, n);
  return rows * columns;
}

function chooseTile(m: number, n: number, batch: number): Tile | null {
  if (m < 8 || n < 8) return null;
  if (m > 64 && n > 64 && tileCount(tiles.large, m, n) * batch >= enoughWorkgroups) return tiles.large;
  return m > 32 && n > 32 ? tiles.middle : tiles.small;
}

/** Encodes a product: one dispatch, or two where the depth is split. */
export function product(runtime: Runtime, spec: Product): void {
  const {
    a,
    b,
    out,
    m,
    n,
    k,
    transposeA = false,
    transposeB = false,
    accumulate = false,
    bias = null,
    batch = 1,
  } = spec;
  if (m * n * batch === 0) return;
  if (k === 0) {
    emptyProduct(runtime, spec);
    return;
  }
  const tile = chooseTile(m, n, batch);
  const count = tileCount(tile, m, n) * batch;
  const wanted = Math.min(Math.ceil(enoughWorkgroups / count), Math.floor(k / leastSplitDepth));
  const splitDepth = wanted > 1 ? Math.ceil(k / wanted / 16) * 16 : k;
  const splits = Math.ceil(k / splitDepth);
  const whole = splits === 1;
  const size = batch * m * n;
  const target = whole ? out : runtime.alloc('f32', splits * size);
  const variant = { tile, transposeA, transposeB, accumulate: whole && accumulate, bias: whole && bias !== null };
  const kernel = runtime.kernel(
    `matmul ${tile?.rows} ${transposeA} ${transposeB} ${variant.accumulate} ${variant.bias}`,
    () => productSource(variant),
  );
  const outPitch = spec.outPitch ?? n;
  const blocks = count * splits;
  const [tileRows, tileColumns] = tileCounts(tile, m, n);
  const parameters = {
    m,
    n,
    k,
    aBase: spec.aOffset ?? 0,
    bBase: spec.bOffset ?? 0,
    outBase: whole ? (spec.outOffset ?? 0) : 0,
    aPitch: spec.aPitch ?? (transposeA ? m : k),
    bPitch: spec.bPitch ?? (transposeB ? k : n),
    outPitch: whole ? outPitch : n,
    aStride: spec.aStride ?? m * k,
    bStride: spec.bStride ?? k * n,
    outStride: whole ? (spec.outStride ?? m * n) : m * n,
    tileRows,
    tileColumns,
    splits,
    splitDepth,
    splitStride: size,
    blocks,
  };
  runtime.run(kernel, variant.bias ? [a, b, bias!, target] : [a, b, target], parameters, blocks, 2 * size * k);
  if (whole) return;
  sumSplits(runtime, spec, target, splits, outPitch);
  runtime.free(target);
}

/** A sum over no products: zero, or the bias. */
function emptyProduct(runtime: Runtime, spec: Product): void {
  const { out, m, n, accumulate = false, bias = null, batch = 1 } = spec;
  if (accumulate) return;
  const source = bias ?? runtime.alloc('f32', 1);
  if (bias === null) fill(runtime, source, 0);
  const strides = [spec.outStride ?? m * n, spec.outPitch ?? n, 1];
  copy(
    runtime,
    { buffer: source, strides: [0, 0, bias === null ? 0 : 1] },
    { buffer: out, strides, offset: spec.outOffset ?? 0 },
    [batch, m, n],
  );
  if (bias === null) runtime.free(source);
}

/** Adds the partial products of a split depth in their order. */
function sumSplits(runtime: Runtime, spec: Product, partial: DeviceBuffer, splits: number, outPitch: number): void {
  const { out, m, n, accumulate = false, bias = null, batch = 1 } = spec;
  const hasBias = bias !== null;
  const kernel = runtime.kernel(`matmul splits ${accumulate} ${hasBias}`, () => ({
    name: 'matmul.splits',
    bindings: [reads('partial', 'f32'), ...(hasBias ? [reads('bias', 'f32')] : []), writes('out', 'f32')],
    parameters: { size: 'u32', m: 'u32', n: 'u32', splits: 'u32', outBase: 'u32', outPitch: 'u32', outStride: 'u32' },
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
  let column = thread % params.n;
  let row = thread / params.n % params.m;
  let place = params.outBase + thread / (params.n * params.m) * params.outStride + row * params.outPitch + column;
  var total = partial[thread];
  for (var s = 1u; s < params.splits; s = s + 1u) { total = total + partial[s * params.size + thread]; }
  out[place] = total${hasBias ? ' + bias[column]' : ''}${accumulate ? ' + out[place]' : ''};`,
  }));
  const size = batch * m * n;
  const parameters = { size, m, n, splits, outBase: spec.outOffset ?? 0, outPitch, outStride: spec.outStride ?? m * n };
  runtime.run(
    kernel,
    hasBias ? [partial, bias, out] : [partial, out],
    parameters,
    Math.ceil(size / 256),
    size * splits,
  );
}

/** The contract's product: contiguous matrices in a batch. */
export function matmul(runtime: Runtime, a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer, spec: MatmulSpec): void {
  product(runtime, { a, b, out, ...spec });
}
