import type { Backend } from '@timestep/backend-api';
import { contextOf } from './context.ts';
import type { Tensor } from './tensor.ts';

export interface ScopeOptions {
  /** Record for gradients inside; true by default. */
  readonly gradient?: boolean;
}

/**
 * Owns the tensors that are made while it is the innermost open scope of its backend, and disposes them when it closes.
 *
 * ```ts
 * using scope = openScope(backend);
 * const probabilities = softmax(model.forward(x).output);
 * return scope.keep(probabilities);           // lives on, in the scope around this one
 * ```
 *
 * A scope survives `await`: it stays open until it is closed. Where two asynchronous flows work on one backend at the
 * same time, give each its own scope and enter it with `run`, so that neither adopts the other's tensors.
 */
export class Scope {
  readonly #backend: Backend;
  readonly #tensors = new Set<Tensor>();
  readonly #gradientBefore: boolean;
  #closed = false;

  constructor(backend: Backend, options: ScopeOptions = {}) {
    this.#backend = backend;
    const context = contextOf(backend);
    this.#gradientBefore = context.gradientEnabled;
    if (options.gradient === false) context.gradientEnabled = false;
    context.scopes.push(this);
  }

  /** Makes this the innermost scope for the length of a synchronous `body`. */
  run<Result>(body: () => Result): Result {
    const { scopes } = contextOf(this.#backend);
    scopes.push(this);
    try {
      return body();
    } finally {
      scopes.splice(scopes.lastIndexOf(this), 1);
    }
  }

  /** Hands a tensor to the scope around this one, or to the caller where there is none. */
  keep<T extends Tensor>(tensor: T): T {
    if (this.#tensors.delete(tensor)) {
      const { scopes } = contextOf(this.#backend);
      const outer = scopes[scopes.indexOf(this) - 1];
      if (outer) outer.adopt(tensor);
      else tensor.owner = null;
    }
    return tensor;
  }

  /** Takes over a tensor: it is disposed when this scope closes. */
  adopt(tensor: Tensor): void {
    tensor.owner?.release(tensor);
    tensor.owner = this;
    this.#tensors.add(tensor);
  }

  /** Forgets a tensor without disposing it. */
  release(tensor: Tensor): void {
    this.#tensors.delete(tensor);
    tensor.owner = null;
  }

  /** Tensors that would be disposed by closing now. */
  get size(): number {
    return this.#tensors.size;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const context = contextOf(this.#backend);
    for (let at = context.scopes.indexOf(this); at >= 0; at = context.scopes.indexOf(this))
      context.scopes.splice(at, 1);
    context.gradientEnabled = this.#gradientBefore;
    for (const tensor of this.#tensors) {
      tensor.owner = null;
      tensor.dispose();
    }
    this.#tensors.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens a scope on `backend`; see {@link Scope}. */
export function openScope(backend: Backend, options?: ScopeOptions): Scope {
  return new Scope(backend, options);
}

/**
 * Runs a synchronous `body` in a scope of its own and keeps the tensors it returns.
 *
 * ```ts
 * const variance = tidy(backend, () => mean(square(subtract(x, mean(x)))));
 * ```
 */
export function tidy<Result extends Tensor | readonly Tensor[] | Readonly<Record<string, Tensor | null>>>(
  backend: Backend,
  body: () => Result,
): Result {
  using scope = new Scope(backend);
  const result = body();
  for (const tensor of tensorsIn(result)) scope.keep(tensor);
  return result;
}

function tensorsIn(result: Tensor | readonly Tensor[] | Readonly<Record<string, Tensor | null>>): readonly Tensor[] {
  if (Array.isArray(result)) return result;
  if (isTensor(result)) return [result];
  return Object.values(result).filter((value) => value !== null);
}

function isTensor(value: object): value is Tensor {
  return 'shape' in value && 'backend' in value;
}
