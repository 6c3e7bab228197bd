import type { Backend, FusedOpName } from '@timestep/backend-api';
import type { Scope } from './scope.ts';

/**
 * How an op with a fused form is computed: `auto` takes the backend's where it supports the case and core's own
 * otherwise, `require` throws the backend's reason instead, `off` always takes core's.
 */
export type FusedMode = 'auto' | 'require' | 'off';

/** What core remembers about a backend: nothing is global, so two copies of this package do each other no harm. */
export interface Context {
  readonly backend: Backend;
  /** False inside `noGrad`. */
  gradientEnabled: boolean;
  fused: FusedMode;
  /** Open scopes, the innermost last. */
  readonly scopes: Scope[];
  /** How often each fused op ran on the backend's own path or on core's; read by tests and by `fusedReport`. */
  readonly fusedCounts: Map<FusedOpName, { fused: number; fallback: number }>;
}

const contexts = new WeakMap<Backend, Context>();

export function contextOf(backend: Backend): Context {
  let context = contexts.get(backend);
  if (!context) {
    context = { backend, gradientEnabled: true, fused: 'auto', scopes: [], fusedCounts: new Map() };
    contexts.set(backend, context);
  }
  return context;
}

/**
 * Runs `body` without recording for gradients.
 *
 * ```ts
 * const { output } = noGrad(backend, () => lstm.forward(x));
 * ```
 *
 * `body` is synchronous; across an `await` open a scope with `{ gradient: false }` instead.
 */
export function noGrad<Result>(backend: Backend, body: () => Result): Result {
  const context = contextOf(backend);
  const before = context.gradientEnabled;
  context.gradientEnabled = false;
  try {
    return body();
  } finally {
    context.gradientEnabled = before;
  }
}

/**
 * Runs `body` with another choice of fused operations. Layers and functions may override it with their own `fused`
 * option.
 */
export function withFused<Result>(backend: Backend, mode: FusedMode, body: () => Result): Result {
  const context = contextOf(backend);
  const before = context.fused;
  context.fused = mode;
  try {
    return body();
  } finally {
    context.fused = before;
  }
}
