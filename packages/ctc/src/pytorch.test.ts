import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { ctcLoss, openScope, tensor, type Backend, type FusedMode, type HostArray } from '@timestep/core';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';

interface Encoded {
  readonly shape: readonly number[];
  readonly data: string;
}

interface CtcCase {
  readonly name: string;
  readonly blank: number;
  readonly zeroInfinity: boolean;
  readonly targets: readonly (readonly number[])[];
  readonly inputLengths: readonly number[] | null;
  readonly infinite: readonly number[];
  readonly logits: Encoded;
  readonly losses: Encoded;
  readonly upstream: Encoded;
  /** null where a loss is infinite: PyTorch's gradient is NaN there. */
  readonly gradient: Encoded | null;
}

interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

// Made by tooling/fixtures/ctc.py in float64.
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/ctc.json', import.meta.url), 'utf8')) as {
  cases: CtcCase[];
};

// DESIGN's tolerances for f32.
const single = { forward: { relative: 1e-5, absolute: 1e-6 }, gradient: { relative: 1e-4, absolute: 1e-5 } };
const double = { forward: { relative: 1e-11, absolute: 1e-12 }, gradient: { relative: 1e-9, absolute: 1e-11 } };

const decode = ({ data }: Encoded): Float64Array =>
  new Float64Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);

function expectClose(what: string, got: HostArray, expected: Float64Array, { relative, absolute }: Tolerance): void {
  const close = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= absolute + relative * Math.abs(b);
  const wrong = expected.findIndex((value, k) => !close(got[k]!, value));
  expect(wrong, wrong < 0 ? what : `${what}[${wrong}] is ${got[wrong]}, expected ${expected[wrong]}`).toBe(-1);
}

async function agree(backend: Backend, test: CtcCase, fused: FusedMode, tolerance: typeof double): Promise<void> {
  const before = backend.memory().buffers;
  {
    using _scope = openScope(backend);
    const logits = tensor(backend, decode(test.logits), { shape: test.logits.shape, requiresGrad: true });
    const { targets, inputLengths, blank, zeroInfinity } = test;
    const losses = ctcLoss(logits, { targets, inputLengths, blank, zeroInfinity, fused });
    expectClose('loss', await losses.data(), decode(test.losses), tolerance.forward);
    if (test.gradient) {
      losses.backward(tensor(backend, decode(test.upstream)));
      expectClose('gradient', await logits.grad!.data(), decode(test.gradient), tolerance.gradient);
    }
  }
  expect(backend.memory().buffers, 'buffers left behind').toBe(before);
}

const references = [
  ['the float64 reference', async () => createReferenceBackend(), double],
  ['the CPU backend', () => createCpuBackend({ threads: 2 }), single],
] as const;

describe.each(references)('the loss agrees with PyTorch on %s', async (_, create, tolerance) => {
  const backend: Backend = await create();
  afterAll(() => backend.dispose());
  for (const fused of ['auto', 'off'] as const) {
    it.each(cases)(`$name, fused: ${fused}`, (test) => agree(backend, test, fused, tolerance));
  }
});

it('the cases cover losses that are infinite, and those that zeroInfinity makes 0', () => {
  expect(cases.filter(({ infinite }) => infinite.length > 0)).toHaveLength(1);
  expect(cases.filter(({ zeroInfinity, losses }) => zeroInfinity && decode(losses).includes(0))).toHaveLength(1);
});
