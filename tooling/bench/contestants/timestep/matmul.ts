import type { Backend } from '@timestep/backend-api';
import { matmul, openScope } from '@timestep/core';
import type { MatmulCase } from '../../src/case.ts';
import type { Work } from '../serve.ts';
import { digestOf, settle, values } from './tensors.ts';

export function product(backend: Backend, work: MatmulCase): Work {
  const [a, b] = [values(backend, 'a', [work.m, work.k], 1), values(backend, 'b', [work.k, work.n], 1)];
  return {
    async result() {
      using _scope = openScope(backend);
      return await digestOf({ product: matmul(a, b) });
    },
    async run() {
      matmul(a, b).dispose();
      await settle(backend);
    },
    dispose() {
      a.dispose();
      b.dispose();
    },
  };
}
