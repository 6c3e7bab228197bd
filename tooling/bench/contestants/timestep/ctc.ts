import type { Backend } from '@timestep/backend-api';
import { ctcLoss, openScope, type Tensor } from '@timestep/core';
import type { CtcCase } from '../../src/case.ts';
import { value } from '../../src/values.ts';
import type { Work } from '../serve.ts';
import { digestOf, settle, values } from './tensors.ts';

export function ctc(backend: Backend, work: CtcCase): Work {
  const logits = values(backend, 'logits', [work.steps, work.batch, work.classes], 4);
  logits.requiresGrad = true;
  const upstream = values(backend, 'upstream', [work.batch], 2);
  const targets = Array.from({ length: work.batch }, (_, n) =>
    Array.from(
      { length: work.targetLength },
      (_, k) => 1 + Math.floor((value(n * work.targetLength + k, 9) + 0.5) * (work.classes - 1)),
    ),
  );
  const pass = (): Tensor => {
    const losses = ctcLoss(logits, { targets });
    losses.backward(upstream);
    return losses;
  };
  const clear = (): void => {
    logits.grad?.dispose();
    logits.grad = null;
  };
  return {
    async result() {
      using _scope = openScope(backend);
      const losses = pass();
      const result = await digestOf({ losses, 'd logits': logits.grad });
      clear();
      return result;
    },
    async run() {
      using _scope = openScope(backend);
      pass();
      await settle(backend);
      clear();
    },
    dispose() {
      logits.dispose();
      upstream.dispose();
    },
  };
}
