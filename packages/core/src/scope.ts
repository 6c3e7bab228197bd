import {
  ArgumentError,
  checkOptions,
  checkValue,
  describe,
  DisposedError,
  is,
  type Backend,
  type OptionRules,
} from '@timestep/backend-api';
import { checkBackend } from './check-backend.ts';
import {
  checkSynchronous,
  closeLevel,
  enterFlow,
  leaveFlow,
  levelAround,
  openLevel,
  ownerOf,
  runAt,
  type FusedMode,
  type Level,
} from './context.ts';
import { checkOperation } from './ops/check.ts';
import type { Tensor } from './tensor.ts';
import { unowned } from './unowned.ts';

/**
 * How operations run inside a scope. What is left out is as the synchronous function around sets it (`scope.run`,
 * `noGrad`, `withFused`, a layer); outside of any it is as documented here. It is never taken over from other open
 * scopes, which may belong to other asynchronous work.
 */
export interface ScopeOptions {
  /** Record for gradients inside; true by default. */
  readonly gradient?: boolean | undefined;
  /** Which form of an operation with a fused form runs; `auto` by default. See {@link FusedMode}. */
  readonly fused?: FusedMode | undefined;
  /**
   * `false` switches dropout and the like off inside, whatever the modules' own flags say: the model stays as it is for
   * everyone else. True by default.
   */
  readonly training?: boolean | undefined;
}

const rules: OptionRules<ScopeOptions> = {
  gradient: is.optional(is.boolean),
  fused: is.optional(is.oneOf('auto', 'require', 'off')),
  training: is.optional(is.boolean),
};

/**
 * Owns the tensors that are made inside and disposes them when it closes. It also holds how operations run inside:
 * scopes may close in any order, and none changes what another one is set to.
 *
 * ```ts
 * using scope = openScope(backend);
 * const probabilities = softmax(model.forward(x).output);
 * return scope.keep(probabilities); // lives on, in the scope around this one
 * ```
 *
 * - A scope of {@link openScope} is entered at once and stays entered, across `await`, until it closes. That suits work
 *   that is awaited one piece after another.
 * - A scope of {@link createScope} is entered by `run` alone, for the length of a synchronous function. That is exact
 *   wherever asynchronous work overlaps, such as predictions beside a training.
 *
 * @throws DisposedError from `run` and `adopt` after `close`; ArgumentError from `keep` for anything but a tensor
 */
export class Scope {
  readonly #tensors = new Set<Tensor>();
  readonly #level: Level;
  readonly #entered: boolean;
  #closed = false;

  /** Use {@link openScope} or {@link createScope}. */
  constructor(level: Level, entered: boolean) {
    this.#level = level;
    this.#entered = entered;
    level.owner = this;
    if (entered) enterFlow(level);
  }

  /**
   * Makes this the innermost scope for the length of a synchronous `body`, and puts its modes in force.
   *
   * ```ts
   * using scope = createScope(backend, { gradient: false });
   * const output = scope.run(() => model.forward(tensor(backend, values)));
   * const answer = await output.data();
   * ```
   *
   * @throws ArgumentError for an asynchronous function; DisposedError after `close`
   */
  run<Result>(body: () => Result): Result {
    this.#checkOpen('run');
    return runAt('scope.run', this.#level, body);
  }

  /** Hands a tensor to the scope around this one when it was made, or to the caller where there is none. */
  keep<T extends Tensor>(tensor: T): T {
    if (this.#tensors.delete(tensor)) {
      tensor.owner = null;
      ownerOf(levelAround(this.#level))?.adopt(tensor);
    } else if (!isTensor(tensor)) {
      throw new ArgumentError(
        `[scope.keep] expected a tensor, got ${describe(tensor)}; keep each of several on its own`,
      );
    }
    return tensor;
  }

  /**
   * Takes over a tensor: it is disposed when this scope closes.
   *
   * @throws DisposedError after `close`
   */
  adopt(tensor: Tensor): void {
    this.#checkOpen('adopt');
    unowned(tensor).owner = this;
    this.#tensors.add(tensor);
  }

  /** Forgets a tensor without disposing it. */
  release(tensor: Tensor): void {
    if (this.#tensors.delete(tensor)) tensor.owner = null;
  }

  /** Tensors that would be disposed by closing now. */
  get size(): number {
    return this.#tensors.size;
  }

  /** Disposes what it owns. Closing twice does no harm. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const level = this.#level;
    if (this.#entered) leaveFlow(level);
    else closeLevel(level);
    const overlap = this.#entered && level.context.openScopes > 0;
    for (const tensor of this.#tensors) {
      tensor.owner = null;
      if (overlap) tensor.hint = overlapNote;
      tensor.dispose();
    }
    this.#tensors.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(what: string): void {
    if (this.#closed) throw new DisposedError(`[scope.${what}] this scope was closed; open another one`);
  }
}

const overlapNote =
  '; a scope disposed it while another one was open on this backend: where asynchronous work overlaps, make each scope with createScope(backend) and enter it with scope.run';

/**
 * Opens a scope that is entered at once: what this flow makes from now on belongs to it, until it is closed; see
 * {@link Scope}.
 *
 * ```ts
 * for (const batch of batches) {
 *   using scope = openScope(backend);
 *   const loss = lossOf(model, batch);
 *   loss.backward();
 *   optimizer.step();
 *   console.log(await loss.item());
 * }
 * ```
 *
 * In Node, Deno and Bun each asynchronous flow has its own open scopes. Browsers can't tell flows apart: where work
 * overlaps there, and where a function is called now and awaited later, use {@link createScope}.
 *
 * @throws ArgumentError where `backend` is none, and for options that there are not
 */
export function openScope(backend: Backend, options?: ScopeOptions): Scope {
  return makeScope('openScope', backend, options, true);
}

/**
 * Makes a scope that nothing enters but its `run`; see {@link Scope}. Work that overlaps, in a server or beside a
 * training, is exact with it everywhere.
 *
 * ```ts
 * async function predict(values: Float32Array): Promise<HostArray> {
 *   using scope = createScope(backend, { gradient: false, training: false });
 *   const output = scope.run(() => model.forward(tensor(backend, values, { shape: [values.length, 1, 1] })));
 *   return await output.data();
 * }
 * ```
 *
 * @throws ArgumentError where `backend` is none, and for options that there are not
 */
export function createScope(backend: Backend, options?: ScopeOptions): Scope {
  return makeScope('createScope', backend, options, false);
}

function makeScope(where: string, backend: Backend, options: ScopeOptions | undefined, entered: boolean): Scope {
  checkBackend(where, backend);
  if (options !== undefined) checkOptions(where, options, rules);
  return new Scope(openLevel(backend, options, true), entered);
}

/**
 * Runs a synchronous `body` in a scope of its own, which closes at its end. What the options leave out stays as it is
 * around the call.
 *
 * ```ts
 * const copy = inScope(backend, { gradient: false }, (scope) => scope.keep(affine(x, 2)));
 * ```
 *
 * @throws ArgumentError for an asynchronous function
 */
export function inScope<Result>(backend: Backend, options: ScopeOptions, body: (scope: Scope) => Result): Result {
  checkOperation('inScope', options, rules);
  using scope = new Scope(openLevel(backend, options), false);
  checkSynchronous('inScope', body);
  return scope.run(() => body(scope));
}

/**
 * Runs a synchronous `body` in a scope of its own and keeps the tensors it returns.
 *
 * ```ts
 * const variance = tidy(backend, () => mean(square(subtract(x, mean(x)))));
 * ```
 *
 * @throws ArgumentError for an asynchronous function, or one that returns a promise
 */
export function tidy<Result extends Tensor | readonly Tensor[] | Readonly<Record<string, Tensor | null>>>(
  backend: Backend,
  body: () => Result,
): Result {
  using scope = new Scope(openLevel(backend), false);
  const result = scope.run(body);
  for (const tensor of tensorsIn(result)) scope.keep(tensor);
  return result;
}

function tensorsIn(result: Tensor | readonly Tensor[] | Readonly<Record<string, Tensor | null>>): readonly Tensor[] {
  if (Array.isArray(result)) return result;
  if (isTensor(result)) return [result];
  if (result instanceof Promise) {
    throw new ArgumentError(
      '[tidy] expected tensors, got a promise: what it waits for would be disposed; across an await use createScope',
    );
  }
  checkValue('tidy', 'the result', result, is.object);
  return Object.values(result).filter((value) => value !== null);
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'shape' in value && 'backend' in value;
}
