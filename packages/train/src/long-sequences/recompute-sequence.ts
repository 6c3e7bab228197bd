import {
  ArgumentError,
  checkOptions,
  checkValue,
  concat,
  is,
  recompute,
  reshape,
  ShapeError,
  slice,
  tidy,
  unstack,
  type OptionRules,
  type State,
  type Tensor,
} from '@timestep/core';
import { checkLengths, show } from '@timestep/core/extend';
import type { Lengths, Recurrent } from '@timestep/layers';
import { tensorRule } from '../losses/reduction.ts';

/** Options of {@link recomputeSequence} and {@link recomputeFinalState}. */
export interface RecomputeSequenceOptions<S extends State> {
  /** The steps of a segment; ⌈2√T⌉ by default. Shorter segments keep more states and take longer. */
  readonly segment?: number | undefined;
  /** The state before the first step; zeros by default. */
  readonly state?: S | null | undefined;
  /** `[N]`, each 0…T. */
  readonly lengths?: Lengths | null | undefined;
}

const rules: OptionRules<RecomputeSequenceOptions<State>> = {
  segment: is.optional(is.size()),
  state: is.nullable(is.object),
  lengths: is.nullable(is.like('an array of lengths', 'length')),
};

/**
 * Computes `layer.forward(x)` in the memory of about 2√T steps instead of T (Chen et al. 2016; Gruslys et al. 2016). It
 * cuts the sequence into segments, keeps only the states between them, and computes each segment again in the backward
 * pass. The gradients equal those of `layer.forward`. Dropout uses the same masks in both passes, but not the ones that
 * `layer.forward` would draw.
 *
 * @param x `[T, N, D]`
 * @returns the output of every step and the final state. The output is T steps long itself; see
 *   {@link recomputeFinalState} where only the state is wanted
 * @throws ArgumentError where the layer is bidirectional, and `INVALID_LENGTHS` that names the entry
 * @example
 * ```ts
 * const { output, state } = recomputeSequence(lstm, x, { lengths }); // x: [T, N, D]
 * ```
 */
export function recomputeSequence<S extends State>(
  layer: Recurrent<S>,
  x: Tensor,
  options: RecomputeSequenceOptions<S> = {},
): { output: Tensor; state: S } {
  checkArguments(layer, x);
  const kept = tidy(x.backend, () => {
    const { outputs, state: last } = runSegments(layer, x, options, true);
    // A part of the state may be called anything, `output` too.
    const state = Object.fromEntries(Object.entries(last).map(([name, part]) => [`state ${name}`, part]));
    const made: Record<string, Tensor> = { ...state, output: outputs.length === 1 ? outputs[0]! : concat(outputs, 0) };
    return made;
  });
  const names = Object.keys(layer.cells[0]!.stateShapes);
  return {
    output: kept['output']!,
    state: Object.fromEntries(names.map((name) => [name, kept[`state ${name}`]!])) as State as S,
  };
}

/**
 * Computes only the final state of `layer.forward(x)`, in the memory of about 2√T steps. Use it for a loss on the last
 * step. The output of the last layer is the `h` of its state.
 *
 * @param layer a recurrent layer in one direction
 * @param x f32 `[T, N, D]`
 * @throws ArgumentError for a bidirectional layer, an unknown option or wrong lengths
 * @example
 * ```ts
 * const { h } = recomputeFinalState(lstm, x); // h: [L, N, H]
 * ```
 */
export function recomputeFinalState<S extends State>(
  layer: Recurrent<S>,
  x: Tensor,
  options: RecomputeSequenceOptions<S> = {},
): S {
  checkArguments(layer, x);
  return tidy(x.backend, () => runSegments(layer, x, options, false).state);
}

function checkArguments<S extends State>(layer: Recurrent<S>, x: Tensor): void {
  checkValue('recomputeSequence', 'layer', layer, is.like('a recurrent layer', 'forward', 'cells', 'bidirectional'));
  checkValue('recomputeSequence', 'x', x, tensorRule);
  if (x.rank < 3) throw new ShapeError(`[recomputeSequence] expected x of shape [T, N, D], got ${show(x.shape)}`);
}

function runSegments<S extends State>(
  layer: Recurrent<S>,
  x: Tensor,
  options: RecomputeSequenceOptions<S>,
  wantsOutput: boolean,
): { outputs: Tensor[]; state: S } {
  if (layer.bidirectional)
    throw new ArgumentError(
      '[recomputeSequence] a bidirectional layer has no state between segments; build it with bidirectional: false',
    );
  checkOptions('recomputeSequence', options as RecomputeSequenceOptions<State>, rules);
  const { segment, state: start = null } = options;
  const [steps = 0, batch = 0] = x.shape;
  const lengths = checkLengths('recomputeSequence', options.lengths, steps, batch);
  const size = segment ?? Math.max(1, Math.ceil(2 * Math.sqrt(steps)));
  if (steps <= size) {
    const whole = layer.forward(x, { state: start, lengths });
    return { outputs: [whole.output], state: whole.state };
  }
  const cut = x.requiresGrad ? cutWithGradient(x, size) : null;
  const names = Object.keys(layer.cells[0]!.stateShapes);
  const toState = (parts: readonly Tensor[]): S =>
    Object.fromEntries(names.map((name, index) => [name, parts[index]!])) as State as S;
  const outputs: Tensor[] = [];
  let state = start;
  for (let from = 0; from < steps; from += size) {
    const to = Math.min(from + size, steps);
    const own = lengths && Int32Array.from(lengths, (length) => Math.min(Math.max(length - from, 0), to - from));
    const run = ([input, ...parts]: readonly Tensor[]): Tensor[] => {
      // What needs no gradient is cut in here, so that no copy of it is kept.
      const part = cut ? input! : slice(input!, 0, from, to);
      const result = layer.forward(part, { state: parts.length > 0 ? toState(parts) : null, lengths: own });
      return [...names.map((name) => result.state[name]!), ...(wantsOutput ? [result.output] : [])];
    };
    const before = state;
    const inputs = [cut ? cut[from / size]! : x, ...(before ? names.map((name) => before[name]!) : [])];
    const results = recompute(run, inputs, { parameters: layer.parameters(), generators: layer.generators() });
    state = toState(results);
    if (wantsOutput) outputs.push(results.at(-1)!);
  }
  return { outputs, state: state! };
}

/** The segments of x such that their gradients are put together in one pass, not one pass over all of x for each. */
function cutWithGradient(x: Tensor, size: number): Tensor[] {
  const [steps, ...rest] = x.shape as [number, ...number[]];
  const whole = Math.floor(steps / size);
  const even = steps === whole * size;
  const head = even ? x : slice(x, 0, 0, whole * size);
  return [...unstack(reshape(head, [whole, size, ...rest])), ...(even ? [] : [slice(x, 0, whole * size, steps)])];
}
