import { describe, expect, it } from 'vitest';
import { withFused } from '../context.ts';
import { tensor } from '../create.ts';
import { softmax } from '../ops/softmax.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { fusedReport } from './choose.ts';

describe('the choice of a fused operation', () => {
  it('counts what ran, and obeys the call before the backend', () => {
    const backend = createReferenceBackend();
    const x = tensor(backend, [[1, 2]]);
    softmax(x);
    softmax(x, -1, { fused: 'off' });
    withFused(backend, 'off', () => softmax(x));
    withFused(backend, 'off', () => softmax(x, -1, { fused: 'require' }));
    expect(fusedReport(backend)).toEqual({ softmax: { fused: 2, fallback: 2 } });
  });

  it("throws the backend's reason where fused is required", () => {
    const backend = createReferenceBackend();
    const poor = Object.assign(Object.create(backend) as typeof backend, { fused: {} });
    expect(() => softmax(tensor(poor, [[1, 2]]), -1, { fused: 'require' })).toThrow(
      /\[softmax\] fused: 'require' was asked for, but backend 'reference' has no fused softmax/,
    );
    const limited = Object.assign(Object.create(backend) as typeof backend, {
      fused: { softmax: { ...backend.fused.softmax, supports: () => 'it has at most 1 class' } },
    });
    expect(() => softmax(tensor(limited, [[1, 2]]), -1, { fused: 'require' })).toThrow(/at most 1 class/);
  });
});
