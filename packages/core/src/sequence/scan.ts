import { checkValue, is, ShapeError, type OptionRules, type Rule } from '@timestep/backend-api';
import { full, tensor } from '../create.ts';
import { select } from '../ops/binary.ts';
import { checkOperation, checkTensor, isTensor } from '../ops/check.ts';
import { stack, unstack } from '../ops/join.ts';
import { sum } from '../ops/reduce.ts';
import { reshape, slice } from '../ops/shape.ts';
import { tidy } from '../scope.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkLengths } from '../lengths.ts';
import { hidePadding } from '../ops/hide-padding.ts';

/** A cell's state: tensors by name, each `[N, …]`. */
export type State = Readonly<Record<string, Tensor>>;

/** One step of a cell: from the input of this step and the state before it to an output and the state after it. */
export type Step<S extends State> = (x: Tensor, state: S, t: number) => { readonly output: Tensor; readonly state: S };

/** Options of {@link scan}. */
export interface ScanOptions {
  /** `[N]`, each 0…T: steps at and past it output 0 and leave the state as it was. */
  readonly lengths?: ArrayLike<number> | null | undefined;
  /** From the last step to the first. */
  readonly reverse?: boolean | undefined;
}

/** The rules of {@link ScanOptions}; the lengths have a check of their own. */
export const scanRules: OptionRules<ScanOptions> = { lengths: is.anything, reverse: is.optional(is.boolean) };

/**
 * Runs a cell over a sequence. This is the one loop over time of the project: the fallback of every fused sequence and
 * the way to run your own cell.
 *
 * ```ts
 * const leak: Step<{ h: Tensor }> = (x, { h }) => {
 *   const next = add(affine(h, 0.9), affine(x, 0.1));
 *   return { output: next, state: { h: next } };
 * };
 * const { output, state } = scan(leak, x, { h: zeros(backend, [N, D]) });
 * ```
 *
 * @param x `[T, N, …]`
 * @param initial the state before the first step
 * @returns `output [T, N, …]` and the state after each sequence's last step in the direction of travel. Where T is 0,
 *   `step` runs once on zeros, for the shape of its output; the state stays the initial one, and every other gradient
 *   is 0
 * @throws ShapeError where x has fewer than 2 axes, or a step gives no output `[N, …]` or another state than it was
 *   given
 */
export function scan<S extends State>(
  step: Step<S>,
  x: Tensor,
  initial: S,
  options: ScanOptions = {},
): { output: Tensor; state: S } {
  checkValue('scan', 'step', step, is.function);
  checkTensor('scan', 'x', x);
  checkState(initial);
  checkOperation('scan', options, scanRules);
  return scanWithRest(step, x, initial, options, initial);
}

/**
 * `scan`, with the state that a step is given in the rows of finished sequences: no gradient flows through it, because
 * the zeros that reach such a row would become NaN at an infinite weight or state.
 */
export function scanWithRest<S extends State>(
  step: Step<S>,
  x: Tensor,
  initial: S,
  options: ScanOptions,
  rest: State,
): { output: Tensor; state: S } {
  if (x.rank < 2) throw new ShapeError(`[scan] expected x of shape [T, N, ...], got ${show(x.shape)}`);
  const [steps, batch] = x.shape as [number, number];
  // Without steps one is run that is padding for every sequence: it gives the output's shape, and every gradient is 0.
  const travelled = Math.max(steps, 1);
  const given = checkLengths('scan', options.lengths, steps, batch);
  const lengths = steps === 0 ? new Int32Array(batch) : given;
  const { backend } = x;
  const kept = tidy(backend, () => {
    // The sum over no steps is 0, and what made x gets the gradient 0 through it.
    const inputs = steps === 0 ? [sum(x, 0)] : unstack(hidePadding(x, lengths));
    const outputs = new Array<Tensor>(travelled);
    const resting = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value.detach()]));
    let state = initial;
    for (let k = 0; k < travelled; k++) {
      const t = options.reverse ? travelled - 1 - k : k;
      const running = lengths && Uint32Array.from(lengths, (length) => (t < length ? 1 : 0));
      if (!running?.includes(0)) {
        const next = step(inputs[t]!, state, t);
        checkStep(next, state, batch);
        outputs[t] = next.output;
        state = next.state;
      } else {
        const mask = tensor(backend, running);
        const keep = (fresh: Tensor, old: Tensor): Tensor =>
          select(reshape(mask, [batch, ...fresh.shape.slice(1).map(() => 1)]), fresh, old);
        const keepAll = (fresh: State, old: State): S =>
          Object.fromEntries(Object.entries(fresh).map(([name, value]) => [name, keep(value, old[name]!)])) as S;
        const next = step(inputs[t]!, keepAll(state, resting), t);
        checkStep(next, state, batch);
        outputs[t] = keep(next.output, full(backend, [], 0));
        state = keepAll(next.state, state);
      }
    }
    // A state that no step changed is the caller's own tensor: hand back an alias, so that both can be disposed.
    // A part may be called anything, `output` too.
    const final = Object.entries(state).map(([name, value]) => [`state ${name}`, reshape(value, value.shape)] as const);
    const output = stack(outputs);
    const made: { output: Tensor } & Record<string, Tensor> = {
      output: steps === 0 ? slice(output, 0, 0, 0) : output,
      ...Object.fromEntries(final),
    };
    return made;
  });
  const state = Object.fromEntries(Object.keys(initial).map((name) => [name, kept[`state ${name}`]!])) as S;
  return { output: kept.output, state };
}

const stateRule: Rule = (value) =>
  Object.prototype.toString.call(value) === '[object Object]' ? null : 'an object of tensors, such as { h }';

function checkState(initial: unknown): void {
  checkValue('scan', 'initial', initial, stateRule);
  for (const [name, value] of Object.entries(initial as object)) checkTensor('scan', `initial.${name}`, value);
}

/**
 * Checks the result of a step: its output is `[N, …]`, and its state has the names and shapes of the state before.
 */
function checkStep(next: { readonly output?: Tensor; readonly state?: State }, before: State, batch: number): void {
  const given: unknown = next;
  const { output, state } = (typeof given === 'object' && given !== null ? given : {}) as Partial<typeof next>;
  const shape = isTensor(output) ? output.shape : undefined;
  if (typeof state !== 'object' || state === null || !shape)
    throw new ShapeError(
      '[scan] expected the step to return { output, state }; output is what this step says, state what the next step is given',
    );
  if (shape[0] !== batch)
    throw new ShapeError(
      `[scan] expected a step's output of shape [${batch}, ...], a row for each sequence, got ${show(shape)}`,
    );
  const names = Object.keys(before);
  const found = Object.keys(state);
  if (found.length !== names.length || !names.every((name) => isTensor(state[name])))
    throw new ShapeError(
      `[scan] expected a step's state to have ${names.join(', ')}, as the initial one, got ${found.join(', ') || 'nothing'}`,
    );
  for (const name of names) {
    const [now, then] = [state[name]!.shape, before[name]!.shape];
    if (!sameShape(now, then))
      throw new ShapeError(
        `[scan] expected a step's state.${name} of shape ${show(then)}, as before the step, got ${show(now)}`,
      );
  }
}
