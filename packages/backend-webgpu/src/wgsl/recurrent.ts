import type { Binding, KernelSource } from '../device/kernel.ts';

/**
 * How a workgroup divides a recurrent product: `rows` sequences, `units` hidden units, and `slices` invocations that
 * share the depth of one unit. It has `units · slices` invocations, at most 256.
 */
export interface Layout {
  readonly units: number;
  readonly slices: number;
  readonly rows: 4 | 8;
}

/** A recurrent product with the pointwise work that follows it, for one sweep over time. */
export interface Phase {
  readonly name: string;
  readonly bindings: readonly Binding[];
  /** Sums for each unit: 1, or up to 4 in the components of a vec4f. */
  readonly sums: 1 | 2 | 3 | 4;
  /** Time runs down, not up. */
  readonly descending: boolean;
  /** The layer runs from the last step to the first. */
  readonly reverse: boolean;
  readonly hasLengths: boolean;
  /**
   * WGSL functions, with `params.steps`, `.batch`, `.width` (depth of the product) and `.units`:
   * `source(t, n, k) -> f32`, the vector that is multiplied; `weight(k, unit) -> f32 | vec4f`; and
   * `finish(t, n, unit, sum)`, which takes the product of one unit and does the rest. `n` and `unit` are in range.
   */
  readonly functions: string;
}

export type PhaseParameter = 'steps' | 'batch' | 'width' | 'units' | 'start' | 'count' | 'unitBlocks' | 'blocks';

const scratchHalves = 2;

/** WGSL that every kernel over a sequence shares: which steps count, and which come before and after. */
export function timeFunctions(reverse: boolean, hasLengths: boolean): string {
  return `const reverse = ${reverse};
fn lengthOf(n: u32) -> u32 { return ${hasLengths ? 'u32(lengths[n])' : 'params.steps'}; }
fn isActive(t: u32, n: u32) -> bool { return t < lengthOf(n); }
fn previous(t: u32) -> u32 { return select(t - 1u, t + 1u, reverse); }
fn following(t: u32) -> u32 { return select(t + 1u, t - 1u, reverse); }
// The first step in the direction of travel, or in reverse one before it.
fn isStart(t: u32, n: u32) -> bool { return select(t == 0u, t + 1u >= lengthOf(n), reverse); }
fn hasFollowing(t: u32, n: u32) -> bool { return select(t + 1u < lengthOf(n), t > 0u, reverse); }
// What the following step hands back. Where none follows, the product is of zeros, and an infinite weight makes it NaN.
fn fromFollowing(t: u32, n: u32, sum: f32) -> f32 { return select(0.0, sum, hasFollowing(t, n)); }
`;
}

/**
 * WGSL `previousHidden(t, n, k)`: the hidden state that step t starts from, out of `output` and the optional `h0`, rows
 * of `width`.
 */
export function previousHidden(hasH0: boolean, width: 'params.width' | 'params.units' = 'params.width'): string {
  return `fn previousHidden(t: u32, n: u32, k: u32) -> f32 {
  if (isStart(t, n)) { return ${hasH0 ? `h0[n * ${width} + k]` : '0.0'}; }
  return output[(previous(t) * params.batch + n) * ${width} + k];
}`;
}

/**
 * The kernel of a phase. Each workgroup brings the source vectors of its sequences into workgroup memory, its
 * invocations multiply slices of them with weights read along the units, the slices are added in a fixed order, and
 * `finish` runs for each pair of sequence and unit. With `count` > 1 a workgroup that covers all units goes on to the
 * next step by itself: it only ever waits for its own invocations.
 */
export function phaseSource(phase: Phase, layout: Layout): KernelSource<PhaseParameter> {
  const { units, slices, rows } = layout;
  const lanes = units * slices;
  const vectors = rows / 4;
  // Half of the 16 KiB for the source, half for the partial sums.
  const depth = 2048 / rows;
  const pairs = Array.from({ length: phase.sums }, (_, sum) =>
    Array.from({ length: vectors }, (_unused, vector) => ({ sum, vector })),
  ).flat();
  const own = Math.max(1, rows / slices);
  const sumType = phase.sums === 1 ? 'f32' : 'vec4f';
  const weightOf = (sum: number): string => (phase.sums === 1 ? 'w' : `w[${sum}]`);
  const sumPart = (sum: number): string => (phase.sums === 1 ? 'sums[r]' : `sums[r][${sum}]`);

  // Each round puts one vector of partial sums of every invocation into one half of the scratch, in turns, so that one
  // barrier in each round is enough. A single slice has nothing to add up.
  const rounds = pairs.map(({ sum, vector }, round) => {
    if (slices === 1)
      return `    for (var r = 0u; r < 4u; r = r + 1u) { ${sumPart(sum).replace('[r]', `[r + ${4 * vector}u]`)} = acc${sum}_${vector}[r]; }`;
    const half = (round % scratchHalves) * lanes;
    return `    partial[${half}u + lane] = acc${sum}_${vector};
    workgroupBarrier();
    for (var r = 0u; r < ${own}u; r = r + 1u) {
      let row = slice + r * ${slices}u;
      if (row / 4u == ${vector}u) {
        for (var s = 0u; s < ${slices}u; s = s + 1u) { ${sumPart(sum)} += partial[${half}u + s * ${units}u + lane % ${units}u][row % 4u]; }
      }
    }`;
  });

  return {
    name: phase.name,
    bindings: phase.bindings,
    parameters: {
      steps: 'u32',
      batch: 'u32',
      width: 'u32',
      units: 'u32',
      start: 'u32',
      count: 'u32',
      unitBlocks: 'u32',
      blocks: 'u32',
    },
    workgroupSize: lanes,
    declarations: `${timeFunctions(phase.reverse, phase.hasLengths)}
var<workgroup> tile: array<vec4f, ${depth * vectors}>;
${slices === 1 ? '' : `var<workgroup> partial: array<vec4f, ${scratchHalves * lanes}>;`}
${phase.functions}
fn rowSource(t: u32, n: u32, k: u32) -> f32 {
  if (n < params.batch) { return source(t, n, k); }
  return 0.0;
}`,
    body: `  if (block >= params.blocks) { return; }
  let unit = (block % params.unitBlocks) * ${units}u + lane % ${units}u;
  let slice = lane / ${units}u;
  let firstRow = (block / params.unitBlocks) * ${rows}u;
  for (var step = 0u; step < params.count; step = step + 1u) {
    let t = params.start ${phase.descending ? '-' : '+'} step;
${pairs.map(({ sum, vector }) => `    var acc${sum}_${vector} = vec4f();`).join('\n')}
    for (var chunk = 0u; chunk < params.width; chunk = chunk + ${depth}u) {
      let length = min(${depth}u, params.width - chunk);
      workgroupBarrier();
      for (var e = lane; e < length * ${vectors}u; e = e + ${lanes}u) {
        let k = e % length;
        let n = firstRow + 4u * (e / length);
        // A loop, not four calls: the source is inlined once.
        var values = vec4f();
        for (var r = 0u; r < 4u; r = r + 1u) { values[r] = rowSource(t, n + r, chunk + k); }
        tile[k * ${vectors}u + e / length] = values;
      }
      workgroupBarrier();
      if (unit < params.units) {
        for (var k = slice; k < length; k = k + ${slices}u) {
          let w = weight(chunk + k, unit);
${Array.from({ length: vectors }, (_, vector) => `          let x${vector} = tile[k * ${vectors}u + ${vector}u];`).join('\n')}
${pairs.map(({ sum, vector }) => `          acc${sum}_${vector} += ${weightOf(sum)} * x${vector};`).join('\n')}
        }
      }
    }
    var sums = array<${sumType}, ${own}>();
${rounds.join('\n')}
    for (var r = 0u; r < ${own}u; r = r + 1u) {
      let row = slice + r * ${slices}u;
      if (row < ${rows}u && firstRow + row < params.batch && unit < params.units) { finish(t, firstRow + row, unit, sums[r]); }
    }
    storageBarrier();
    workgroupBarrier();
  }`,
  };
}
