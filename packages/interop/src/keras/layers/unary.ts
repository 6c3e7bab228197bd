import type { Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { KerasLayer } from '../layer.ts';
import type { Run } from '../run.ts';
import { Value, type Mask } from '../value.ts';

/** A layer of one input and one output. */
export function unary(body: (x: Value, run: Run) => Value, module: Module | null = null): KerasLayer {
  return {
    module,
    bind(call) {
      const source = call.input(0, 'inputs');
      call.end();
      return (run) => [body(source(run), run)];
    },
  };
}

/** A layer that looks at every position by itself and passes the mask on. */
export function pointwise(body: (x: Tensor, run: Run) => Tensor, module: Module | null = null): KerasLayer {
  return unary((x, run) => x.pointwise((tensor) => body(tensor, run)), module);
}

/** A layer that takes and gives `[N, …]`; `keepsMask` says whether the mask fits the output as well. */
export function whole(
  body: (x: Tensor, mask: Mask | null) => Tensor,
  { module = null, keepsMask = false }: { module?: Module | null; keepsMask?: boolean } = {},
): KerasLayer {
  return unary((x) => Value.of(body(x.tensor, x.mask), keepsMask ? x.mask : null), module);
}
