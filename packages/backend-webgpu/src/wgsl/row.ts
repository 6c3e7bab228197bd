/**
 * Up to this many columns an invocation takes a whole row: joining values over a workgroup would cost more than the
 * row.
 */
const mostSerialColumns = 32;
const serialWorkgroup = 64;

/** Invocations that share a row: one, or a workgroup. */
export type RowLanes = 1 | 64 | 256;

export function rowLanes(columns: number): RowLanes {
  if (columns <= mostSerialColumns) return 1;
  return columns <= 512 ? 64 : 256;
}

/** The workgroup size of a kernel over rows. */
export function rowWorkgroup(lanes: RowLanes): number {
  return lanes === 1 ? serialWorkgroup : lanes;
}

/** How many workgroups it takes. */
export function rowBlocks(lanes: RowLanes, rows: number): number {
  return lanes === 1 ? Math.ceil(rows / serialWorkgroup) : rows;
}

/** The first lines of a kernel over rows: `row`, and `first`, the column that this invocation starts at. */
export function rowStart(lanes: RowLanes): string {
  return `  let row = ${lanes === 1 ? 'thread' : 'block'};
  let first = ${lanes === 1 ? '0u' : 'lane'};
  if (row >= params.rows) { return; }`;
}

/**
 * WGSL for kernels over rows: `rowSum` and `rowMax` join one value of each invocation of a row and hand the result to
 * all of them. To be called by all invocations together.
 */
export function rowFunctions(lanes: RowLanes): string {
  const larger = 'fn larger(a: f32, b: f32) -> f32 { return select(a, b, b > a); }\n';
  if (lanes === 1) {
    return `${larger}fn rowSum(lane: u32, value: f32) -> f32 { return value; }
fn rowMax(lane: u32, value: f32) -> f32 { return value; }
`;
  }
  const joined = (name: string, join: string): string => `
fn ${name}(lane: u32, value: f32) -> f32 {
  rowScratch[lane] = value;
  for (var width = ${lanes / 2}u; width > 0u; width = width >> 1u) {
    workgroupBarrier();
    if (lane < width) { rowScratch[lane] = ${join}; }
  }
  let result = workgroupUniformLoad(&rowScratch[0]);
  workgroupBarrier();
  return result;
}`;
  return `var<workgroup> rowScratch: array<f32, ${lanes}>;
${larger}${joined('rowSum', 'rowScratch[lane] + rowScratch[lane + width]')}
${joined('rowMax', 'larger(rowScratch[lane], rowScratch[lane + width])')}
`;
}

/** A loop over the columns of a row; `body` sees `column` and `place`. */
export function overRow(lanes: RowLanes, body: string): string {
  return `  for (var column = first; column < params.columns; column = column + ${lanes}u) {
    let place = row * params.columns + column;
    ${body}
  }`;
}
