import type { AxisSpec, Backend, CrossEntropySpec, DeviceBuffer } from '@timestep/backend-api';
import { exact } from '../accuracy.ts';
import { CheckFailure, expectThat, type Check, type CheckContext } from '../check.ts';
import { compare } from '../compare.ts';
import { backward, forwardOnly, opOf, putAll, type FusedCase } from '../fused-case.ts';
import { TestRandom } from '../random.ts';
import { Side, type Results } from '../side.ts';

/** The ways in which the host waits for the device; each must tell of what went wrong before. */
const waits: Readonly<Record<string, (backend: Backend, buffer: DeviceBuffer) => Promise<unknown>>> = {
  read: (backend, buffer) => backend.read(buffer),
  readMany: (backend, buffer) => backend.readMany([buffer, buffer]),
  sync: (backend) => backend.sync(),
};

/** Just outside; far outside where an address still lies in the memory, where it fits 32 bits, and where it wraps. */
const outside = (length: number): readonly number[] => [
  -1,
  length,
  -length,
  1000,
  100_000,
  -100_000,
  2 ** 28,
  2 ** 31 - 1,
  -(2 ** 31),
];

/** Every other index is one of those. */
const mixedWith = (length: number): number[] => outside(length).flatMap((wrong, n) => [wrong, n % length]);

interface Attempt {
  /** The output of the operation; it can be read even if the operation throws. */
  readonly given: Results;
  /** Runs it and returns what it made, which the side owns. */
  readonly call: () => Results;
  readonly expected: Readonly<Record<string, ArrayLike<number>>>;
}

/**
 * The operation fails with INVALID_ARGUMENT, at once or at the next wait; elements whose index is in range are right,
 * the others as the contract has them; memory beside the buffers stays as it was, and the backend works on.
 */
async function expectRefusal(
  { backend }: CheckContext,
  label: string,
  prepare: (side: Side) => Attempt,
): Promise<void> {
  for (const [wait, until] of Object.entries(waits)) {
    const side = new Side(backend);
    const guards: DeviceBuffer[] = [];
    try {
      const { given, call, expected } = prepare(guarded(side, guards));
      let made: Results = {};
      let error: unknown;
      try {
        made = call();
        await until(backend, guards[0]!);
      } catch (caught) {
        error = caught;
      }
      const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
      if (code !== 'INVALID_ARGUMENT')
        throw new CheckFailure(
          `${label}: expected an error of code INVALID_ARGUMENT by the next ${wait}, got ${error === undefined ? 'none' : `${error}`}`,
        );
      expectThat(
        !backend.hostView || Object.keys(made).length === 0,
        `${label}: expected the error from the call itself, since memory is the host's; it came with the next ${wait}`,
      );
      for (const [name, buffer] of Object.entries({ ...given, ...made }))
        if (buffer)
          compare(`${label}: ${name}`, await backend.read(buffer), Float64Array.from(expected[name]!), exact, 'ieee');
      for (const held of await backend.readMany(guards))
        expectThat(
          held.every((value) => value === 7),
          `${label}: expected the memory beside the buffers to stay as it was`,
        );
    } finally {
      side.freeAll();
    }
  }
}

/** The same side, with a buffer of sevens before and behind every buffer that is put on it. */
function guarded(side: Side, guards: DeviceBuffer[]): Side {
  const guard = (): void => void guards.push(side.put('f32', new Float32Array(64).fill(7)));
  return Object.assign(Object.create(side) as Side, {
    put: (...given: Parameters<Side['put']>) => {
      guard();
      const buffer = side.put(...given);
      guard();
      return buffer;
    },
    own: (buffer: DeviceBuffer) => side.own(buffer),
  });
}

/** An operation that writes into `out`. */
function into(out: DeviceBuffer, expected: ArrayLike<number>, run: () => void): Attempt {
  return {
    given: { out },
    call: () => {
      run();
      return {};
    },
    expected: { out: expected },
  };
}

const [rows, columns] = [5, 3];
/** Whole numbers, so that every sum is exact. */
const table = Float64Array.from(new TestRandom(36).integers(rows * columns, -99, 99));
const byRow = mixedWith(rows);

/** Along the middle axis, every other index wrong, in another order for each column. */
const spec: AxisSpec = { outer: 2, length: 4, inner: 3, count: 12 };
const block = Float64Array.from(new TestRandom(37).integers(spec.outer * spec.length * spec.inner, -99, 99));
const byAxis = Array.from({ length: spec.outer * spec.count * spec.inner }, (_, n) => {
  const mixed = mixedWith(spec.length);
  return mixed[(7 * n) % mixed.length]!;
});
/** Where the element `at` of `[outer, count, inner]` points in `[outer, length, inner]`; −1 for nowhere. */
function placeOf(at: number): number {
  const { outer, length, inner, count } = spec;
  const index = byAxis[at]!;
  if (index < 0 || index >= length) return -1;
  const o = Math.floor(at / (count * inner));
  return o < outer ? (o * length + index) * inner + (at % inner) : -1;
}

function crossEntropyCase(): FusedCase {
  const classes = 4;
  const targets = Int32Array.from([...mixedWith(classes), -100]);
  const random = new TestRandom(38);
  return {
    spec: { rows: targets.length, classes, labelSmoothing: 0.1, ignoreIndex: -100 } satisfies Omit<
      CrossEntropySpec,
      'needsSaved'
    >,
    inputs: { logits: random.floats(targets.length * classes, -3, 3), targets },
    upstream: { losses: random.floats(targets.length) },
  };
}

export const indexRangeChecks: readonly Check[] = [
  {
    name: 'gatherRows: an index out of range gives 0 and INVALID_ARGUMENT',
    async run(context) {
      const expected = byRow.flatMap((row) =>
        Array.from({ length: columns }, (_, j) => (row >= 0 && row < rows ? table[row * columns + j]! : 0)),
      );
      await expectRefusal(context, 'every dtype alike', (side) => {
        const out = side.make('f32', expected.length);
        const [values, index] = [side.put('f32', table), side.put('i32', byRow)];
        return into(out, expected, () => side.backend.gatherRows(values, index, out, columns));
      });
      await expectRefusal(context, 'a table without rows', (side) => {
        const out = side.make('f32', 2 * columns);
        const [values, index] = [side.put('f32', []), side.put('i32', [0, 1])];
        return into(out, [0, 0, 0, 0, 0, 0], () => side.backend.gatherRows(values, index, out, columns));
      });
    },
  },
  {
    name: 'scatterAddRows: an index out of range adds nothing, and is INVALID_ARGUMENT',
    async run(context) {
      const expected = table.slice();
      byRow.forEach((row, n) => {
        if (row >= 0 && row < rows) for (let j = 0; j < columns; j++) expected[row * columns + j]! += n * columns + j;
      });
      const values = Float64Array.from({ length: byRow.length * columns }, (_, n) => n);
      await expectRefusal(context, 'rows', (side) => {
        const out = side.put('f32', table);
        const [added, index] = [side.put('f32', values), side.put('i32', byRow)];
        return into(out, expected, () => side.backend.scatterAddRows(added, index, out, columns));
      });
      await expectRefusal(context, 'a table without rows', (side) => {
        const out = side.put('f32', []);
        const [added, index] = [side.put('f32', values), side.put('i32', byRow)];
        return into(out, [], () => side.backend.scatterAddRows(added, index, out, columns));
      });
    },
  },
  {
    name: 'gatherAxis: an index out of range gives 0 and INVALID_ARGUMENT',
    async run(context) {
      const expected = byAxis.map((_, at) => (placeOf(at) < 0 ? 0 : block[placeOf(at)]!));
      await expectRefusal(context, 'the middle axis', (side) => {
        const out = side.make('f32', expected.length);
        const [values, index] = [side.put('f32', block), side.put('i32', byAxis)];
        return into(out, expected, () => side.backend.gatherAxis(values, index, out, spec));
      });
      await expectRefusal(context, 'an axis of length 0', (side) => {
        const out = side.make('f32', 2);
        const [values, index] = [side.put('f32', []), side.put('i32', [0, 1])];
        const empty = { outer: 1, length: 0, inner: 1, count: 2 };
        return into(out, [0, 0], () => side.backend.gatherAxis(values, index, out, empty));
      });
    },
  },
  {
    name: 'scatterAddAxis: an index out of range adds nothing, and is INVALID_ARGUMENT',
    async run(context) {
      const expected = block.slice();
      byAxis.forEach((_, at) => {
        if (placeOf(at) >= 0) expected[placeOf(at)]! += at;
      });
      const values = Float64Array.from({ length: byAxis.length }, (_, n) => n);
      await expectRefusal(context, 'the middle axis', (side) => {
        const out = side.put('f32', block);
        const [added, index] = [side.put('f32', values), side.put('i32', byAxis)];
        return into(out, expected, () => side.backend.scatterAddAxis(added, index, out, spec));
      });
    },
  },
  {
    name: 'crossEntropy: a target out of range has loss 0, gradient 0 and INVALID_ARGUMENT',
    op: 'crossEntropy',
    async run(context) {
      const test = crossEntropyCase();
      const targets = [...(test.inputs['targets'] as Int32Array)];
      // What the rows in range must be: those of the same call with the others ignored, bit for bit.
      const ignored = {
        ...test,
        inputs: {
          ...test.inputs,
          targets: Int32Array.from(targets, (target) => (target in [0, 1, 2, 3] ? target : -100)),
        },
      };
      const side = new Side(context.backend);
      let expected: Record<string, ArrayLike<number>>;
      try {
        const results = bothPasses(side, ignored)();
        const read = await context.backend.readMany(Object.values(results).map((buffer) => buffer!));
        expected = Object.fromEntries(Object.keys(results).map((name, n) => [name, read[n]!]));
      } finally {
        side.freeAll();
      }
      await expectRefusal(context, 'forward', (on) => ({
        given: {},
        call: () => forwardOnly('crossEntropy', test)(on),
        expected,
      }));
      await expectRefusal(context, 'both passes', (on) => ({ given: {}, call: bothPasses(on, test), expected }));
    },
  },
];

/** Prepares the inputs, and then runs forward and backward. */
function bothPasses(side: Side, test: FusedCase): () => Results {
  const fused = opOf(side.backend.fused, 'crossEntropy');
  const inputs = putAll(side, test.inputs);
  const spec = { ...test.spec, needsSaved: true };
  return () => {
    const { outputs, saved } = fused.forward(spec, inputs);
    for (const buffer of Object.values(outputs)) side.own(buffer);
    try {
      return { ...outputs, ...backward(side, fused, test, { spec, inputs, outputs, saved: saved! }) };
    } finally {
      saved!.release();
    }
  };
}
