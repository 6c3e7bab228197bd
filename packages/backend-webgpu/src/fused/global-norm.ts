import type { DeviceBuffer, GlobalNormOp } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';

const lanes = 256;
/** Elements that one workgroup squares, as long as no more than `mostBlocks` are needed. */
const blockElements = 4096;
const mostBlocks = 128;

function blocksOf(gradient: DeviceBuffer): number {
  return Math.min(mostBlocks, Math.ceil(gradient.length / blockElements));
}

const joinHalves = `  for (var width = ${lanes / 2}u; width > 0u; width = width >> 1u) {
    workgroupBarrier();
    if (lane < width) {
      sums[lane] += sums[lane + width];
      flags[lane] |= flags[lane + width];
    }
  }`;

const shared = `var<workgroup> sums: array<f32, ${lanes}>;
var<workgroup> flags: array<u32, ${lanes}>;`;

/**
 * The norm over all gradients and the clip factor: sums of squares of each gradient, then one workgroup joins them.
 * Beside each sum goes a flag for a NaN or an infinity, found by its bits: arithmetic in WGSL need not show them.
 */
export function globalNormOp(runtime: Runtime): GlobalNormOp {
  return {
    supports: () => true,
    run(gradients, maxNorm, norm, factor) {
      const count = gradients.reduce((blocks, gradient) => blocks + blocksOf(gradient), 0);
      const partial = runtime.alloc('f32', Math.max(1, 2 * count));
      const squares = runtime.kernel('globalNorm squares', () => ({
        name: 'globalNorm.squares',
        bindings: [reads('gradient', 'u32'), writes('partial', 'f32')],
        parameters: { size: 'u32', blocks: 'u32', first: 'u32' },
        workgroupSize: lanes,
        declarations: shared,
        body: `  if (block >= params.blocks) { return; }
  var sum = 0.0;
  var flag = 0u;
  for (var i = thread; i < params.size; i = i + params.blocks * ${lanes}u) {
    let bits = gradient[i];
    let value = bitcast<f32>(bits);
    sum += value * value;
    flag |= u32((bits & 0x7f800000u) == 0x7f800000u);
  }
  sums[lane] = sum;
  flags[lane] = flag;
${joinHalves}
  if (lane == 0u) {
    partial[2u * (params.first + block)] = sums[0];
    partial[2u * (params.first + block) + 1u] = f32(flags[0]);
  }`,
      }));
      let first = 0;
      for (const gradient of gradients) {
        const blocks = blocksOf(gradient);
        if (blocks > 0)
          runtime.run(
            squares,
            [gradient, partial],
            { size: gradient.length, blocks, first },
            blocks,
            gradient.length * 4,
          );
        first += blocks;
      }
      const join = runtime.kernel('globalNorm join', () => ({
        name: 'globalNorm.join',
        bindings: [reads('partial', 'f32'), writes('norm', 'f32'), writes('factor', 'f32')],
        parameters: { count: 'u32', maxNorm: 'f32' },
        workgroupSize: lanes,
        declarations: shared,
        body: `  var sum = 0.0;
  var flag = 0u;
  for (var i = lane; i < params.count; i = i + ${lanes}u) {
    sum += partial[2u * i];
    flag |= u32(partial[2u * i + 1u] != 0.0);
  }
  sums[lane] = sum;
  flags[lane] = flag;
${joinHalves}
  if (lane == 0u) {
    let length = sqrt(sums[0]);
    let broken = flags[0] != 0u || (bitcast<u32>(sums[0]) & 0x7f800000u) == 0x7f800000u;
    var scale = 1.0;
    if (params.maxNorm > 0.0) { scale = min(1.0, params.maxNorm / (length + 1e-6)); }
    norm[0] = length;
    factor[0] = select(scale, -1.0, broken);
  }`,
      }));
      runtime.run(join, [partial, norm, factor], { count, maxNorm }, 1);
      runtime.free(partial);
    },
  };
}
