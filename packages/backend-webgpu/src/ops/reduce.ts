import type { DeviceBuffer, DType, ReduceOp, ReduceSpec } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { orderedKeys } from '../wgsl/ordered.ts';
import { fill } from './data.ts';

/** How a reduction is made, for each dtype. */
interface Reduction {
  /** The result over nothing. */
  readonly empty: Readonly<Record<DType, number>>;
  /** WGSL of `Value`, `empty`, `load`, `join` and `store`. */
  readonly declarations: (dtype: DType) => string;
}

/** max and min run on order-preserving u32 keys, in which a NaN wins. */
function byKeys(join: 'max' | 'min'): Reduction['declarations'] {
  return (dtype) => {
    const [lowest, highest] = dtype === 'f32' ? ['0x007fffffu', '0xff800000u'] : ['0u', '0xffffffffu'];
    return `alias Value = u32;
const empty = ${join === 'max' ? lowest : highest};
${orderedKeys(dtype, join === 'max' ? '0xffffffffu' : '0u')}
fn load(i: u32) -> Value { return keyOf(values[i]); }
fn join(a: Value, b: Value) -> Value { return ${join}(a, b); }
fn store(i: u32, value: Value) { out[i] = bitsOfKey(value); }
`;
  };
}

const reductions: Readonly<Record<ReduceOp, Reduction>> = {
  sum: {
    empty: { f32: 0, i32: 0, u32: 0 },
    declarations: (dtype) => {
      const type = dtype === 'f32' ? 'f32' : 'u32';
      return `alias Value = ${type};
const empty = Value(0);
fn load(i: u32) -> Value { return bitcast<${type}>(values[i]); }
fn join(a: Value, b: Value) -> Value { return a + b; }
fn store(i: u32, value: Value) { out[i] = bitcast<u32>(value); }
`;
    },
  },
  max: { empty: { f32: -Infinity, i32: -(2 ** 31), u32: 0 }, declarations: byKeys('max') },
  min: { empty: { f32: Infinity, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 }, declarations: byKeys('min') },
};

/** One stage: `[outer, length, inner]` → `[outer, chunks, inner]`, one invocation for each element of the result. */
function reduceColumns(
  runtime: Runtime,
  op: ReduceOp,
  input: DeviceBuffer,
  out: DeviceBuffer,
  spec: ReduceSpec,
  chunks: number,
): void {
  const { outer, length, inner } = spec;
  const kernel = runtime.kernel(`reduce columns ${op} ${input.dtype}`, () => ({
    name: `reduce.${op}.columns`,
    bindings: [reads('values', 'u32'), writes('out', 'u32')],
    parameters: { size: 'u32', length: 'u32', inner: 'u32', chunks: 'u32', span: 'u32' },
    workgroupSize: 64,
    declarations: reductions[op].declarations(input.dtype),
    body: `  if (thread >= params.size) { return; }
  let i = thread % params.inner;
  let rest = thread / params.inner;
  let first = (rest % params.chunks) * params.span;
  let last = min(first + params.span, params.length);
  let base = (rest / params.chunks) * params.length;
  var total = empty;
  for (var l = first; l < last; l = l + 1u) { total = join(total, load((base + l) * params.inner + i)); }
  store(thread, total);`,
  }));
  const size = outer * chunks * inner;
  const span = Math.ceil(length / chunks);
  runtime.run(
    kernel,
    [input, out],
    { size, length, inner, chunks, span },
    Math.ceil(size / 64),
    outer * length * inner * 4,
  );
}

/** The same for `inner` = 1 and long rows: a workgroup for each element of the result. */
function reduceRows(
  runtime: Runtime,
  op: ReduceOp,
  input: DeviceBuffer,
  out: DeviceBuffer,
  spec: ReduceSpec,
  chunks: number,
): void {
  const { outer, length } = spec;
  const kernel = runtime.kernel(`reduce rows ${op} ${input.dtype}`, () => ({
    name: `reduce.${op}.rows`,
    bindings: [reads('values', 'u32'), writes('out', 'u32')],
    parameters: { size: 'u32', length: 'u32', chunks: 'u32', span: 'u32' },
    workgroupSize: 256,
    declarations: `${reductions[op].declarations(input.dtype)}var<workgroup> shared_: array<Value, 256>;`,
    body: `  if (block >= params.size) { return; }
  let first = (block % params.chunks) * params.span;
  let last = min(first + params.span, params.length);
  let base = (block / params.chunks) * params.length;
  var total = empty;
  for (var l = first + lane; l < last; l = l + 256u) { total = join(total, load(base + l)); }
  shared_[lane] = total;
  for (var half_ = 128u; half_ > 0u; half_ = half_ >> 1u) {
    workgroupBarrier();
    if (lane < half_) { shared_[lane] = join(shared_[lane], shared_[lane + half_]); }
  }
  if (lane == 0u) { store(block, shared_[0]); }`,
  }));
  const size = outer * chunks;
  runtime.run(
    kernel,
    [input, out],
    { size, length, chunks, span: Math.ceil(length / chunks) },
    size,
    outer * length * 4,
  );
}

/** Sums, largest and smallest values along the middle axis; long axes in stages of partial results. */
export function reduce(runtime: Runtime, op: ReduceOp, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void {
  const { outer, length, inner } = spec;
  if (out.length === 0) return;
  if (length === 0) {
    fill(runtime, out, reductions[op].empty[out.dtype]);
    return;
  }
  const wide = inner === 1 && length >= 64;
  const stage = wide ? reduceRows : reduceColumns;
  // Short chains of additions: for speed where there are few results, and for a rounding error that stays small.
  const chunkLength = wide ? 16_384 : 256;
  if (length <= 2 * chunkLength) {
    stage(runtime, op, input, out, spec, 1);
    return;
  }
  const chunks = Math.ceil(length / chunkLength);
  const partial = runtime.alloc(input.dtype, outer * chunks * inner);
  stage(runtime, op, input, partial, spec, chunks);
  reduce(runtime, op, partial, out, { outer, length: chunks, inner });
  runtime.free(partial);
}
