import { describe, type DType, type HostData } from '@timestep/backend-api';
import { exact } from '../accuracy.ts';
import { expectThat, type Check } from '../check.ts';
import { compare } from '../compare.ts';
import { TestRandom } from '../random.ts';
import { agree, gives } from '../side.ts';

const written: readonly { readonly dtype: DType; readonly data: HostData }[] = [
  { dtype: 'f32', data: [0, 1.5, -2.25, 1e-30, 3e38] },
  { dtype: 'f32', data: Float32Array.of(0.1, -0.2, 16777217) },
  { dtype: 'f32', data: Float64Array.of(0.1, -0.2, 1 / 3) },
  { dtype: 'f32', data: Int32Array.of(-5, 0, 7) },
  { dtype: 'f32', data: Uint32Array.of(0, 5, 65536) },
  { dtype: 'i32', data: Int32Array.of(-2147483648, -1, 0, 2147483647) },
  { dtype: 'i32', data: [-3, 0, 12] },
  { dtype: 'i32', data: Float32Array.of(-4, 9) },
  { dtype: 'u32', data: Uint32Array.of(0, 1, 2147483648, 4294967295) },
  { dtype: 'u32', data: [0, 4294967295] },
  { dtype: 'u32', data: Float64Array.of(7, 4000000000) },
];

export const memoryChecks: readonly Check[] = [
  {
    name: 'memory: write and read back every dtype from every kind of host data',
    async run(context) {
      for (const { dtype, data } of written) {
        await agree(context, (side) => ({ values: side.put(dtype, data) }), exact, `${dtype} from ${describe(data)}`);
      }
    },
  },
  {
    name: 'memory: NaN and infinities that the host wrote are read back',
    async run(context) {
      const data = Float32Array.of(NaN, Infinity, -Infinity, 1);
      await gives(
        { ...context, nonFinite: 'ieee' },
        (side) => ({ values: side.put('f32', data) }),
        { values: data },
        exact,
      );
    },
  },
  {
    name: 'memory: write copies its data and read returns a copy',
    async run({ backend, nonFinite }) {
      const data = Float32Array.of(1, 2, 3);
      const buffer = backend.alloc('f32', 3);
      backend.write(buffer, data);
      data.fill(9);
      const first = await backend.read(buffer);
      compare('first read', first, Float32Array.of(1, 2, 3), exact, nonFinite);
      first.fill(8);
      compare('second read', await backend.read(buffer), Float32Array.of(1, 2, 3), exact, nonFinite);
      backend.free(buffer);
    },
  },
  {
    name: 'memory: readMany returns its buffers in order, repeated and empty ones too',
    async run({ backend, nonFinite }) {
      const random = new TestRandom(11);
      const data = [random.floats(5), random.integers(3, -9, 9), new Float64Array(0), random.words(70)] as const;
      const buffers = data.map((values, n) => {
        const buffer = backend.alloc((['f32', 'i32', 'f32', 'u32'] as const)[n]!, values.length);
        backend.write(buffer, values);
        return buffer;
      });
      const order = [3, 0, 2, 1, 0];
      const read = await backend.readMany(order.map((n) => buffers[n]!));
      expectThat(read.length === order.length, `expected ${order.length} arrays, got ${read.length}`);
      order.forEach((n, k) => compare(`buffer ${n}`, read[k]!, data[n]!, exact, nonFinite));
      expectThat((await backend.readMany([])).length === 0, 'expected no arrays for no buffers');
      for (const buffer of buffers) backend.free(buffer);
    },
  },
  {
    name: 'memory: work is done in call order, a later write does not reach back',
    async run(context) {
      await gives(
        context,
        (side) => {
          const { backend } = side;
          const x = side.put('f32', [1, 2, 3]);
          const before = side.make('f32', 3);
          const after = side.make('f32', 3);
          backend.unary('negative', x, before, 0, 0);
          backend.write(x, [10, 20, 30]);
          backend.unary('negative', x, after, 0, 0);
          backend.fill(x, 7);
          return { before, after, x };
        },
        { before: Float32Array.of(-1, -2, -3), after: Float32Array.of(-10, -20, -30), x: Float32Array.of(7, 7, 7) },
        exact,
      );
    },
  },
  {
    name: 'memory: a buffer freed right after its last use is not written over too early',
    async run({ backend, nonFinite }) {
      const results = [];
      for (let round = 0; round < 20; round++) {
        const x = backend.alloc('f32', 64);
        backend.write(x, new Float32Array(64).fill(round));
        const y = backend.alloc('f32', 64);
        backend.unary('affine', x, y, 2, 1);
        backend.free(x);
        results.push(y);
      }
      const read = await backend.readMany(results);
      read.forEach((values, round) =>
        compare(`round ${round}`, values, new Float32Array(64).fill(2 * round + 1), exact, nonFinite),
      );
      for (const buffer of results) backend.free(buffer);
    },
  },
  {
    name: 'memory: counters follow every alloc and free',
    async run({ backend }) {
      const start = backend.memory();
      const buffers = Array.from({ length: 100 }, (_, n) => backend.alloc(n % 2 ? 'i32' : 'f32', n));
      const full = backend.memory();
      const bytes = (99 * 100 * 4) / 2;
      expectThat(
        full.buffers === start.buffers + 100,
        `expected ${start.buffers + 100} live buffers, got ${full.buffers}`,
      );
      expectThat(full.bytes >= start.bytes + bytes, `expected ${bytes} more bytes, got ${full.bytes - start.bytes}`);
      expectThat(full.peakBytes >= full.bytes, `expected a peak of ${full.bytes} or more, got ${full.peakBytes}`);
      expectThat(full.cachedBytes >= 0, `expected cachedBytes of 0 or more, got ${full.cachedBytes}`);
      for (const buffer of buffers) backend.free(buffer);
      const end = backend.memory();
      expectThat(
        end.buffers === start.buffers && end.bytes === start.bytes,
        `expected ${start.bytes} bytes again, got ${end.bytes}`,
      );
      expectThat(
        end.peakBytes >= full.peakBytes,
        `expected the peak to stay at ${full.peakBytes}, got ${end.peakBytes}`,
      );
    },
  },
  {
    name: 'memory: memory stays flat over many rounds of one operation',
    async run({ backend }) {
      const held = () => backend.memory().bytes + backend.memory().cachedBytes;
      const round = async () => {
        const x = backend.alloc('f32', 1000);
        const y = backend.alloc('f32', 1000);
        backend.fill(x, 1);
        backend.unary('exp', x, y, 0, 0);
        backend.free(x);
        backend.free(y);
      };
      for (let n = 0; n < 20; n++) await round();
      await backend.sync();
      const before = held();
      for (let n = 0; n < 200; n++) await round();
      await backend.sync();
      // A pool may keep a few more buffers of the kind; two hundred rounds that each leaked one would be 800 kB.
      expectThat(held() <= before + 100_000, `expected memory to stay at ${before} bytes, got ${held()}`);
    },
  },
  {
    name: 'memory: a size of any magnitude, and what is no size or dtype, is a typed error',
    async run({ backend }) {
      const before = backend.memory();
      const bytes = backend.capabilities.maxBufferBytes;
      // Around every power of two: what is cut to 32 bits, in elements or in bytes, looks small.
      const sizes = Array.from({ length: 53 }, (_, power) => [2 ** power, 2 ** power + 1])
        .flat()
        .filter((length) => 4 * length > bytes);
      for (const [lengths, codes] of [
        [
          [...sizes, 2 ** 60, 1e300],
          ['OUT_OF_MEMORY', 'LIMIT_EXCEEDED'],
        ],
        [[-1, -(2 ** 40), 0.5, NaN, Infinity, '8', null, undefined, [8]], ['INVALID_ARGUMENT']],
      ] as const) {
        for (const length of lengths as readonly number[]) {
          for (const dtype of ['f32', 'i32', 'u32'] as const) {
            const code = codeOf(() => backend.alloc(dtype, length));
            expectThat(
              codes.includes(code as never),
              `expected ${codes.join(' or ')} for ${length} elements, got ${code}`,
            );
          }
        }
      }
      for (const dtype of ['float32', 'toString', null, undefined, 4] as unknown as DType[]) {
        const code = codeOf(() => backend.alloc(dtype, 1));
        expectThat(code === 'INVALID_ARGUMENT', `expected INVALID_ARGUMENT for the dtype ${dtype}, got ${code}`);
      }
      const after = backend.memory();
      expectThat(
        after.buffers === before.buffers && after.bytes === before.bytes,
        `expected the refused allocations not to count, got ${after.buffers} buffers of ${after.bytes} bytes`,
      );
    },
  },
  {
    name: 'memory: an allocation beyond the limit is a typed error and leaves the backend working',
    async run({ backend, nonFinite }) {
      const before = backend.memory();
      const length = Math.floor(backend.capabilities.maxBufferBytes / 4) + 1;
      if (Number.isSafeInteger(length)) {
        let caught: unknown;
        try {
          backend.free(backend.alloc('f32', length));
        } catch (error) {
          caught = error;
        }
        const code = typeof caught === 'object' && caught !== null ? Reflect.get(caught, 'code') : undefined;
        expectThat(
          code === 'OUT_OF_MEMORY' || code === 'LIMIT_EXCEEDED',
          `expected an OutOfMemoryError for ${length} elements, got ${caught}`,
        );
      }
      expectThat(backend.memory().buffers === before.buffers, 'expected the failed allocation not to count');
      const buffer = backend.alloc('f32', 2);
      backend.fill(buffer, 3);
      compare('after the failure', await backend.read(buffer), Float32Array.of(3, 3), exact, nonFinite);
      backend.free(buffer);
    },
  },
  {
    name: 'memory: hostView, where there is one, shows the contents in place',
    async run({ backend, nonFinite }) {
      if (!backend.hostView) return;
      const buffer = backend.alloc('f32', 3);
      backend.write(buffer, [1, 2, 3]);
      await backend.sync();
      const view = backend.hostView(buffer);
      compare('after a write', view, Float32Array.of(1, 2, 3), exact, nonFinite);
      view[1] = 5;
      compare('read', await backend.read(buffer), Float32Array.of(1, 5, 3), exact, nonFinite);
      backend.free(buffer);
    },
  },
];

/** The code of the error that `use` throws. */
function codeOf(use: () => unknown): unknown {
  try {
    use();
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : `${error}`;
  }
  return 'no error';
}
