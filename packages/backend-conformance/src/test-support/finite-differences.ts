import type { Backend, DeviceBuffer, FusedOp } from '@timestep/backend-api';

type Named = Readonly<Record<string, Float64Array>>;

interface Case<Spec> {
  readonly spec: Spec;
  /** Inputs that are differentiated. */
  readonly inputs: Named;
  /** Inputs that are given as they are: integer buffers and nulls. */
  readonly fixed?: Readonly<Record<string, DeviceBuffer | null>>;
  /** dL/d(output), for each output that L reads. */
  readonly upstream: Named;
  /** Every name of an output gradient; those without an upstream are null. */
  readonly outputs: readonly string[];
}

/**
 * The largest difference between an operation's backward pass and central differences of L = Σ upstream∘output,
 * relative to the largest gradient, for each input. In float64 with a step of 1e-5 a right derivative comes within
 * about 1e-9.
 */
export async function gradientErrors<Spec>(
  backend: Backend,
  op: unknown,
  test: Case<Spec>,
): Promise<Record<string, number>> {
  // The ops differ in their records of buffers only; a test may look at them all as records by name.
  const fused = op as FusedOp<
    Spec,
    Record<string, DeviceBuffer | null>,
    Record<string, DeviceBuffer>,
    Record<string, DeviceBuffer | null>,
    Record<string, DeviceBuffer | null>
  >;
  const put = (values: Float64Array) => {
    const buffer = backend.alloc('f32', values.length);
    backend.write(buffer, values);
    return buffer;
  };
  const putAll = (named: Named) =>
    Object.fromEntries(Object.entries(named).map(([name, values]) => [name, put(values)]));

  async function loss(inputs: Named): Promise<number> {
    const buffers = putAll(inputs);
    const { outputs } = fused.forward({ ...test.spec, needsSaved: false }, { ...buffers, ...test.fixed });
    let sum = 0;
    for (const [name, dy] of Object.entries(test.upstream)) {
      const y = await backend.read(outputs[name]!);
      dy.forEach((value, n) => (sum += value * y[n]!));
    }
    for (const buffer of [...Object.values(outputs), ...Object.values(buffers)]) backend.free(buffer);
    return sum;
  }

  const buffers = { ...putAll(test.inputs), ...test.fixed };
  const { outputs, saved } = fused.forward({ ...test.spec, needsSaved: true }, buffers);
  const gradients = { ...Object.fromEntries(test.outputs.map((name) => [name, null])), ...putAll(test.upstream) };
  const wanted = Object.fromEntries(Object.keys(test.inputs).map((name) => [name, true]));
  const found = fused.backward(test.spec, { inputs: buffers, outputs, saved: saved!, gradients, wanted });

  const errors: Record<string, number> = {};
  for (const [name, values] of Object.entries(test.inputs)) {
    const gradient = await backend.read(found[name]!);
    let worst = 0;
    for (let n = 0; n < values.length; n++) {
      const shifted = (by: number) => ({
        ...test.inputs,
        [name]: values.map((value, k) => (k === n ? value + by : value)),
      });
      const numeric = ((await loss(shifted(1e-5))) - (await loss(shifted(-1e-5)))) / 2e-5;
      worst = Math.max(worst, Math.abs(numeric - gradient[n]!));
    }
    errors[name] = worst / Math.max(1, ...gradient.map(Math.abs));
  }
  return errors;
}
