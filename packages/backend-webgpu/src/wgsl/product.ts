import { reads, writes, type KernelSource } from '../device/kernel.ts';

/** A tile of the product that one workgroup makes, from `rows`×`depth` and `depth`×`columns` pieces in its memory. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Rows and columns of one invocation: 4 or 8. */
  readonly each: 4 | 8;
}

/** 8 KiB of workgroup memory each for the two large ones; 256, 256 and 64 invocations. */
export const tiles = {
  large: { rows: 128, columns: 128, depth: 8, each: 8 },
  middle: { rows: 64, columns: 64, depth: 16, each: 4 },
  small: { rows: 32, columns: 32, depth: 16, each: 4 },
} as const satisfies Record<string, Tile>;

export type ProductParameter = (typeof productParameters)[number];

const productParameters = [
  'm',
  'n',
  'k',
  'aBase',
  'bBase',
  'outBase',
  'aPitch',
  'bPitch',
  'outPitch',
  'aStride',
  'bStride',
  'outStride',
  'tileRows',
  'tileColumns',
  'splits',
  'splitDepth',
  'splitStride',
  'blocks',
] as const;

/** How a product is made: by tiles, or where it has few rows or columns one invocation for each element. */
export interface ProductVariant {
  readonly tile: Tile | null;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
  readonly bias: boolean;
}

/**
 * Loads one piece as vectors of four along the outer axis (rows of a, columns of b). Neighbouring invocations read
 * neighbouring addresses: along the depth where the depth is contiguous in memory, else along the outer axis.
 */
function loadPiece(name: 'a' | 'b', extent: number, tile: Tile, threads: number, depthContiguous: boolean): string {
  const vectors = (extent / 4) * tile.depth;
  const lines: string[] = [];
  for (let round = 0; round < vectors / threads; round++) {
    const element = `(lane + ${round * threads}u)`;
    const [depth, outer] = depthContiguous
      ? [`${element} % ${tile.depth}u`, `${element} / ${tile.depth}u`]
      : [`${element} / ${extent / 4}u`, `${element} % ${extent / 4}u`];
    lines.push(`    { let d = ${depth}; let v = ${outer};
      ${name}Tile[d * ${extent / 4}u + v] = ${name}Load(${name}Origin + 4u * v, depth + d, end, ${name}Start); }`);
  }
  return lines.join('\n');
}

function loader(name: 'a' | 'b', limit: 'm' | 'n', depthContiguous: boolean): string {
  const place = (step: number): string =>
    depthContiguous
      ? `start + (outer + ${step}u) * params.${name}Pitch + d`
      : `start + d * params.${name}Pitch + outer + ${step}u`;
  const component = (step: number): string =>
    `  if (outer + ${step}u < params.${limit}) { value[${step}] = ${name}[${place(step)}]; }`;
  return `fn ${name}Load(outer: u32, d: u32, end: u32, start: u32) -> vec4f {
  var value = vec4f();
  if (d >= end) { return value; }
${[0, 1, 2, 3].map(component).join('\n')}
  return value;
}`;
}

function interfaceOf(
  form: string,
  { transposeA, transposeB, bias }: ProductVariant,
): Pick<KernelSource<ProductParameter>, 'name' | 'bindings' | 'parameters'> {
  return {
    name: `matmul.${form}${transposeA ? '.aT' : ''}${transposeB ? '.bT' : ''}`,
    bindings: [reads('a', 'f32'), reads('b', 'f32'), ...(bias ? [reads('bias', 'f32')] : []), writes('out', 'f32')],
    parameters: Object.fromEntries(productParameters.map((name) => [name, 'u32'])) as Record<ProductParameter, 'u32'>,
  };
}

/** Elements of a workgroup of the form without tiles. */
export const thinBlock = 64;

/** One invocation for each element of the result; a tile would be mostly empty. */
function thinSource(variant: ProductVariant): KernelSource<ProductParameter> {
  const { transposeA, transposeB, accumulate, bias } = variant;
  return {
    ...interfaceOf('thin', variant),
    workgroupSize: thinBlock,
    body: `  let part = block / params.tileColumns;
  let element = (block % params.tileColumns) * ${thinBlock}u + lane;
  if (block >= params.blocks || element >= params.m * params.n) { return; }
  let row = element / params.n;
  let column = element % params.n;
  let split = part % params.splits;
  let p = part / params.splits;
  let aStart = params.aBase + p * params.aStride + row * ${transposeA ? '1u' : 'params.aPitch'};
  let bStart = params.bBase + p * params.bStride + column * ${transposeB ? 'params.bPitch' : '1u'};
  let end = min((split + 1u) * params.splitDepth, params.k);
  var value = 0.0;
  for (var d = split * params.splitDepth; d < end; d = d + 1u) {
    value += a[aStart + d * ${transposeA ? 'params.aPitch' : '1u'}] * b[bStart + d * ${transposeB ? '1u' : 'params.bPitch'}];
  }
  let place = params.outBase + p * params.outStride + split * params.splitStride + row * params.outPitch + column;
  out[place] = value${bias ? ' + bias[column]' : ''}${accumulate ? ' + out[place]' : ''};`,
  };
}

/**
 * The register-tiled product: `out[p] (+)= op(a[p])·op(b[p]) (+ bias)`, with the depth split over workgroups if asked.
 */
export function productSource(variant: ProductVariant): KernelSource<ProductParameter> {
  const { tile, transposeA, transposeB, accumulate, bias } = variant;
  if (tile === null) return thinSource(variant);
  const { rows, columns, depth, each } = tile;
  const across = columns / each;
  const threads = (rows / each) * across;
  const groups = each / 4;
  // Invocation (ty, tx) has the rows 4·ty + {0…3} of each of `groups` bands, and columns likewise.
  const rowOf = (row: number): string => `${Math.floor(row / 4) * (rows / groups)}u + 4u * ty + ${row % 4}u`;
  const cells = Array.from({ length: each }, (_, row) =>
    Array.from({ length: groups }, (_unused, band) => ({ row, band })),
  ).flat();
  const sums = cells.map(({ row, band }) => `  var c${row}_${band} = vec4f();`);
  const loads = Array.from({ length: groups }, (_, band) => [
    `      let x${band} = aTile[d * ${rows / 4}u + ${band * (rows / groups / 4)}u + ty];`,
    `      let y${band} = bTile[d * ${columns / 4}u + ${band * (columns / groups / 4)}u + tx];`,
  ]).flat();
  const products = cells.map(
    ({ row, band }) => `      c${row}_${band} += x${Math.floor(row / 4)}[${row % 4}] * y${band};`,
  );
  const stores = cells.map(
    ({ row, band }) =>
      `  store(p, split, rowOrigin + ${rowOf(row)}, columnOrigin + ${band * (columns / groups)}u + 4u * tx, c${row}_${band});`,
  );
  return {
    ...interfaceOf(String(rows), variant),
    workgroupSize: threads,
    declarations: `var<workgroup> aTile: array<vec4f, ${(depth * rows) / 4}>;
var<workgroup> bTile: array<vec4f, ${(depth * columns) / 4}>;
${loader('a', 'm', !transposeA)}
${loader('b', 'n', transposeB)}
fn store(p: u32, split: u32, row: u32, column: u32, value: vec4f) {
  if (row >= params.m) { return; }
  let place = params.outBase + p * params.outStride + split * params.splitStride + row * params.outPitch + column;
  for (var i = 0u; i < 4u; i = i + 1u) {
    if (column + i < params.n) {
      out[place + i] = value[i]${bias ? ' + bias[column + i]' : ''}${accumulate ? ' + out[place + i]' : ''};
    }
  }
}`,
    body: `  if (block >= params.blocks) { return; }
  let columnOrigin = (block % params.tileColumns) * ${columns}u;
  let rowOrigin = (block / params.tileColumns % params.tileRows) * ${rows}u;
  let part = block / (params.tileColumns * params.tileRows);
  let split = part % params.splits;
  let p = part / params.splits;
  let aOrigin = rowOrigin;
  let bOrigin = columnOrigin;
  let aStart = params.aBase + p * params.aStride;
  let bStart = params.bBase + p * params.bStride;
  let ty = lane / ${across}u;
  let tx = lane % ${across}u;
  let begin = split * params.splitDepth;
  let end = min(begin + params.splitDepth, params.k);
${sums.join('\n')}
  for (var depth = begin; depth < end; depth = depth + ${depth}u) {
${loadPiece('a', rows, tile, threads, !transposeA)}
${loadPiece('b', columns, tile, threads, transposeB)}
    workgroupBarrier();
    for (var d = 0u; d < ${depth}u; d = d + 1u) {
${loads.join('\n')}
${products.join('\n')}
    }
    workgroupBarrier();
  }
${stores.join('\n')}`,
  };
}
