import type { DeviceBuffer, FusedOp, FusedOpName, FusedOps, HostArray } from '@timestep/backend-api';
import { backwardPass, forwardPass, type Accuracy } from './accuracy.ts';
import { CheckFailure, SkipCheck, expectThat, type Check, type CheckContext } from './check.ts';
import { agree, collect, type Results, type Side } from './side.ts';

type Named = Readonly<Record<string, DeviceBuffer | null>>;

/** Any operation with a forward and a backward pass, its records of buffers taken by name. */
type AnyFusedOp = FusedOp<object, Named, Readonly<Record<string, DeviceBuffer>>, Named, Named>;

export type DifferentiableOpName = Exclude<FusedOpName, 'globalNorm' | 'adamStep' | 'sgdStep'>;

/** One call of a fused operation, in host arrays; the array's kind is the buffer's dtype. */
export interface FusedCase {
  /** Everything of the spec but `needsSaved`. */
  readonly spec: object;
  readonly inputs: Readonly<Record<string, HostArray | null>>;
  /** The gradient of every output; null where it was not used. */
  readonly upstream: Readonly<Record<string, HostArray | null>>;
  /** Whose gradients are asked for; by default those of every float input that is given. */
  readonly wanted?: readonly string[];
  /** By result: an output's name, or `d` and an input's name. */
  readonly accuracy?: (result: string) => Accuracy;
}

export function opOf(fused: FusedOps, name: DifferentiableOpName): AnyFusedOp {
  const op = fused[name] as AnyFusedOp | undefined;
  if (op === undefined) throw new SkipCheck(`the backend has no fused ${name}`);
  return op;
}

/** Inputs that have a gradient: the float ones. */
function differentiable({ inputs }: FusedCase): string[] {
  return Object.keys(inputs).filter((name) => !(inputs[name] instanceof Int32Array));
}

function isFloat(values: HostArray | null): boolean {
  return values instanceof Float64Array || values instanceof Float32Array;
}

export function putAll(side: Side, arrays: FusedCase['inputs']): Named {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [name, data && side.put(isFloat(data) ? 'f32' : 'i32', data)]),
  );
}

/** Only the forward pass, without anything saved. */
export function forwardOnly(op: DifferentiableOpName, test: FusedCase) {
  return (side: Side): Results => {
    const { outputs, saved } = opOf(side.backend.fused, op).forward(
      { ...test.spec, needsSaved: false },
      putAll(side, test.inputs),
    );
    for (const buffer of Object.values(outputs)) side.own(buffer);
    if (saved !== null) {
      saved.release();
      throw new CheckFailure('expected saved to be null where needsSaved is false');
    }
    return outputs;
  };
}

/** Both passes: the outputs, and each gradient under `d` and its input's name. */
export function forwardBackward(op: DifferentiableOpName, test: FusedCase) {
  return (side: Side): Results => {
    const fused = opOf(side.backend.fused, op);
    const inputs = putAll(side, test.inputs);
    const spec = { ...test.spec, needsSaved: true };
    const { outputs, saved } = fused.forward(spec, inputs);
    for (const buffer of Object.values(outputs)) side.own(buffer);
    if (saved === null) throw new CheckFailure('expected saved values where needsSaved is true, got null');
    try {
      return { ...outputs, ...backward(side, fused, test, { spec, inputs, outputs, saved }) };
    } finally {
      saved.release();
    }
  };
}

type Forward = {
  readonly spec: object;
  readonly inputs: Named;
  readonly outputs: Readonly<Record<string, DeviceBuffer>>;
} & {
  readonly saved: Parameters<AnyFusedOp['backward']>[1]['saved'];
};

export function backward(
  side: Side,
  fused: AnyFusedOp,
  test: FusedCase,
  { spec, inputs, outputs, saved }: Forward,
): Results {
  const names = differentiable(test);
  const wanted = test.wanted ?? names.filter((name) => test.inputs[name] !== null);
  const found = fused.backward(spec, {
    inputs,
    outputs,
    saved,
    gradients: putAll(side, test.upstream),
    wanted: Object.fromEntries(names.map((name) => [name, wanted.includes(name)])),
  });
  for (const buffer of Object.values(found)) if (buffer) side.own(buffer);
  for (const name of names) {
    const there = found[name] !== null && found[name] !== undefined;
    expectThat(
      there === wanted.includes(name),
      `expected ${wanted.includes(name) ? 'a' : 'no'} gradient of ${name}, got ${there ? 'one' : 'none'}`,
    );
  }
  return Object.fromEntries(wanted.map((name) => [`d${name}`, found[name]!]));
}

/** Throws a SkipCheck with the backend's own reason where it refuses the case. */
export function requireSupport({ backend }: CheckContext, op: DifferentiableOpName, test: FusedCase): void {
  for (const needsSaved of [false, true]) {
    const answer = opOf(backend.fused, op).supports({ ...test.spec, needsSaved });
    if (answer !== true) throw new SkipCheck(answer);
  }
}

function accuracyOf(test: FusedCase): (result: string) => Accuracy {
  return test.accuracy ?? ((result) => (result in test.upstream ? forwardPass : backwardPass));
}

/** Two checks of one case: the forward pass alone, and both passes. */
export function fusedChecks(op: DifferentiableOpName, title: string, build: () => FusedCase): Check[] {
  return [
    {
      name: `${op} forward: ${title}`,
      op,
      async run(context) {
        const test = build();
        requireSupport(context, op, test);
        await agree(context, forwardOnly(op, test), accuracyOf(test));
      },
    },
    {
      name: `${op} backward: ${title}`,
      op,
      async run(context) {
        const test = build();
        requireSupport(context, op, test);
        await agree(context, forwardBackward(op, test), accuracyOf(test));
      },
    },
  ];
}

/** Requirements for every operation with a forward and a backward pass. */
export function disciplineChecks(op: DifferentiableOpName, build: (seed: number) => FusedCase): Check[] {
  return [
    {
      name: `${op}: inputs, outputs and output gradients are left as they were`,
      op,
      async run(context) {
        const test = build(1);
        requireSupport(context, op, test);
        const alone = await collect(context.backend, forwardBackward(op, test));
        const watched = await collect(context.backend, (side) => {
          const kept: Record<string, DeviceBuffer> = {};
          const results = forwardBackward(op, test)(watching(side, kept));
          return { ...kept, ...results };
        });
        const given = [...Object.values(test.inputs), ...Object.values(test.upstream)].filter((data) => data !== null);
        given.forEach((data, n) => {
          const after = watched[`put ${n}`]!;
          expectThat(
            after.length === data.length &&
              data.every((value, k) => Object.is(Math.fround(value), Math.fround(after[k]!)) || value === after[k]),
            `expected array ${n} of the call to be left as it was`,
          );
        });
        for (const [name, values] of Object.entries(alone)) {
          expectThat(
            values.every((value, k) => Object.is(value, watched[name]![k])),
            `${name}: expected the same bits from the same call`,
          );
        }
      },
    },
    {
      name: `${op}: two forward passes keep their saved values apart`,
      op,
      async run(context) {
        const tests = [build(2), build(3)];
        requireSupport(context, op, tests[0]!);
        await agree(
          context,
          (side) => {
            const fused = opOf(side.backend.fused, op);
            const calls = tests.map((test) => {
              const spec = { ...test.spec, needsSaved: true };
              const inputs = putAll(side, test.inputs);
              const { outputs, saved } = fused.forward(spec, inputs);
              for (const buffer of Object.values(outputs)) side.own(buffer);
              return { test, spec, inputs, outputs, saved: saved! };
            });
            const gradients = calls.map((call) => backward(side, fused, call.test, call));
            for (const { saved } of calls) saved.release();
            return Object.fromEntries(
              gradients.flatMap((found, n) =>
                Object.entries(found).map(([name, buffer]) => [`${name} of call ${n}`, buffer]),
              ),
            );
          },
          backwardPass,
        );
      },
    },
    {
      name: `${op}: saved values are released without a backward pass`,
      op,
      async run({ backend, ...rest }) {
        const test = build(4);
        requireSupport({ backend, ...rest }, op, test);
        const before = backend.memory();
        await collect(backend, (side) => {
          const { outputs, saved } = opOf(backend.fused, op).forward(
            { ...test.spec, needsSaved: true },
            putAll(side, test.inputs),
          );
          for (const buffer of Object.values(outputs)) side.own(buffer);
          saved!.release();
          return outputs;
        });
        expectThat(backend.memory().buffers === before.buffers, 'expected the release to free what was kept');
      },
    },
  ];
}

/** The same side, but every buffer that is put on it is named in `kept`, too. */
function watching(side: Side, kept: Record<string, DeviceBuffer>): Side {
  return Object.assign(Object.create(side) as Side, {
    put: (...given: Parameters<Side['put']>) => (kept[`put ${Object.keys(kept).length}`] = side.put(...given)),
    own: (buffer: DeviceBuffer) => side.own(buffer),
  });
}
