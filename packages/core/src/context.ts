import { ArgumentError, checkValue, describe, is, type Backend, type FusedOpName } from '@timestep/backend-api';
import { checkBackend } from './check-backend.ts';
import { createFlowVariable, type FlowVariable } from './flow.ts';

/**
 * How an op with a fused form is computed: `auto` takes the backend's where it supports the case and core's own
 * otherwise, `require` throws the backend's reason instead, `off` always takes core's.
 */
export type FusedMode = 'auto' | 'require' | 'off';

/** How operations run. */
export interface Modes {
  /** Whether they are recorded for gradients. */
  readonly gradient: boolean;
  readonly fused: FusedMode;
  /** False where dropout and the like are off, whatever the module's own flag says. */
  readonly training: boolean;
}

/** The modes that a level changes. */
export type Changes = { readonly [Mode in keyof Modes]?: Modes[Mode] | undefined };

/** The owner of tensors, which disposes them: a scope. */
export interface Owner<Owned> {
  adopt(tensor: Owned): void;
  release(tensor: Owned): void;
}

/**
 * One level of what is in force: a scope's, or that of a `noGrad` or `withFused`. Levels form a tree. Each holds its
 * own modes, so that one may end before or after any other without changing what is in force there.
 */
export interface Level {
  readonly context: Context;
  readonly modes: Modes;
  /** The level around it; null for the backend's own. */
  parent: Level | null;
  /** The owner of the tensors that are made here; null for the owner of the enclosing level. */
  owner: Owner<object> | null;
  closed: boolean;
}

/** The state of core for one backend. Nothing is global, so two copies of this package do not affect each other. */
export interface Context {
  readonly backend: Backend;
  /** Where nothing else is in force. */
  readonly root: Level;
  /** The level of the function body that is running now, such as one given to `tidy`; null outside of any. */
  running: Level | null;
  /** How many scopes of `openScope` are open. */
  openScopes: number;
  /** How often each fused op ran on the backend's own path or on core's; read by tests and by `fusedReport`. */
  readonly fusedCounts: Map<FusedOpName, { fused: number; fallback: number }>;
}

/** The scopes that a flow has opened with `openScope`, on any backend; the innermost first. */
interface OpenLevels {
  readonly level: Level;
  below: OpenLevels | null;
}

const contexts = new WeakMap<Backend, Context>();
let flow: FlowVariable<OpenLevels | null> | undefined;
/** The level of the function body that is running now, of any backend. */
let innermost: Level | null = null;

export function contextOf(backend: Backend): Context {
  let context = contexts.get(backend);
  if (!context) {
    // Once for each backend: a promise that was not awaited must not get a context of its own.
    checkBackend('scope', backend);
    const made = { backend, running: null, openScopes: 0, fusedCounts: new Map() };
    const modes: Modes = { gradient: true, fused: 'auto', training: true };
    // The context and its root refer to each other, so that one of them has to be completed later.
    context = Object.assign(made, { root: null as unknown as Level });
    Object.assign(context, { root: { context, modes, parent: null, owner: null, closed: false } satisfies Level });
    contexts.set(backend, context);
  }
  return context;
}

/** The level that is in force in the code that is running now. */
export function levelOf(backend: Backend): Level {
  const context = contextOf(backend);
  if (context.running) return (context.running = firstOpen(context.running));
  if (context.openScopes === 0 || !flow) return context.root;
  for (let open = openLevels(flow.get()); open; open = open.below = openLevels(open.below))
    if (open.level.context === context) return open.level;
  return context.root;
}

export function modesOf(backend: Backend): Modes {
  return levelOf(backend).modes;
}

/** Returns the owner of a tensor that is made now; null if no scope is open. */
export function ownerOf(level: Level | null): Owner<object> | null {
  while (level && (level.closed || !level.owner)) level = level.parent;
  return level?.owner ?? null;
}

/**
 * A level inside the one that is in force.
 *
 * @param lasting it may outlive the function that is running: then it takes over modes from that function alone. Open
 *   scopes may belong to other asynchronous work, and that must not switch anything here
 */
export function openLevel(backend: Backend, changes: Changes = {}, lasting = false): Level {
  const parent = levelOf(backend);
  const around = lasting && !parent.context.running ? parent.context.root.modes : parent.modes;
  const { gradient = around.gradient, fused = around.fused } = changes;
  const { training = lasting && !innermost ? true : isTraining() } = changes;
  return { context: parent.context, modes: { gradient, fused, training }, parent, owner: null, closed: false };
}

/** Puts a level in force in this flow until it is closed, across every `await`. */
export function enterFlow(level: Level): void {
  flow ??= createFlowVariable();
  level.context.openScopes++;
  // Inside a function body it is the innermost for the rest of that body too.
  if (level.context.running) level.context.running = innermost = level;
  flow.set({ level, below: openLevels(flow.get()) });
}

/** Ends a level that was put in force by {@link enterFlow}. */
export function leaveFlow(level: Level): void {
  closeLevel(level);
  level.context.openScopes--;
  const before = flow!.get();
  const open = openLevels(before);
  if (open !== before) flow!.set(open);
}

export function closeLevel(level: Level): void {
  level.closed = true;
  level.owner = null;
}

/** @throws ArgumentError for an asynchronous function, which would be left at its first await */
export function checkSynchronous(where: string, body: unknown): void {
  const type = Object.prototype.toString.call(body);
  if (type === '[object Function]') return;
  if (typeof body !== 'function') throw new ArgumentError(`[${where}] expected a function, got ${describe(body)}`);
  throw new ArgumentError(
    `[${where}] expected a synchronous function, got an ${type.includes('Async') ? 'asynchronous one' : 'iterator'}: it would be left half way; run what comes between two awaits, and await the results outside`,
  );
}

/** Runs a synchronous `body` with a level in force; asynchronous work in between can't change which. */
export function runAt<Result>(where: string, level: Level, body: () => Result): Result {
  checkSynchronous(where, body);
  const { context } = level;
  const before = context.running;
  const around = innermost;
  context.running = innermost = level;
  try {
    return body();
  } finally {
    context.running = before;
    innermost = around;
  }
}

/**
 * Runs `body` without recording for gradients.
 *
 * ```ts
 * const { output } = noGrad(backend, () => lstm.forward(x));
 * ```
 *
 * @param body synchronous; across an `await` use a scope with `{ gradient: false }` instead
 * @throws ArgumentError for an asynchronous function
 */
export function noGrad<Result>(backend: Backend, body: () => Result): Result {
  return runWith('noGrad', backend, { gradient: false }, body);
}

/**
 * Runs `body` with another choice of fused operations. Layers and functions may override it with their own `fused`
 * option.
 *
 * @example
 * ```ts
 * const plain = withFused(backend, 'off', () => softmax(x));
 * ```
 *
 * @param body synchronous; across an `await` use a scope with `{ fused: mode }` instead
 * @throws ArgumentError for an asynchronous function
 */
export function withFused<Result>(backend: Backend, mode: FusedMode, body: () => Result): Result {
  checkValue('withFused', 'mode', mode, is.oneOf('auto', 'require', 'off'));
  return runWith('withFused', backend, { fused: mode }, body);
}

/** Runs a synchronous `body` with some of the modes changed. */
function runWith<Result>(where: string, backend: Backend, changes: Changes, body: () => Result): Result {
  const level = openLevel(backend, changes);
  try {
    return runAt(where, level, body);
  } finally {
    closeLevel(level);
  }
}

/**
 * False inside a scope with `{ training: false }`: dropout and the like are off for the code that is running now,
 * whatever the modules' own flags say.
 *
 * ```ts
 * const y = isTraining() ? dropout(x, 0.5, generator) : x;
 * ```
 */
export function isTraining(): boolean {
  if (innermost) return firstOpen(innermost).modes.training;
  return openLevels(flow?.get())?.level.modes.training ?? true;
}

/** The innermost of these levels that is still open. The backend's own always is. */
function firstOpen(level: Level): Level {
  let open = level;
  while (open.closed) open = open.parent!;
  return open;
}

/** The level around this one, without those that have ended: what a kept tensor goes to. */
export function levelAround(level: Level): Level | null {
  if (level.parent) level.parent = firstOpen(level.parent);
  return level.parent;
}

function openLevels(from: OpenLevels | null | undefined): OpenLevels | null {
  let open = from ?? null;
  while (open?.level.closed) open = open.below;
  return open;
}
