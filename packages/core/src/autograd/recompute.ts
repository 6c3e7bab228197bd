import { checkOptions, checkValue, is, type OptionRules } from '@timestep/backend-api';
import { levelOf, modesOf, ownerOf } from '../context.ts';
import { zeros } from '../create.ts';
import { tensorRule } from '../ops/check.ts';
import { generatorRule, type Generator } from '../random/generator.ts';
import { inScope, tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { needsGradient, record } from './record.ts';

/** Options of {@link recompute}. */
export interface RecomputeOptions {
  /** Leaves that `body` reads besides its inputs, such as `layer.parameters()`: they get their gradients too. */
  readonly parameters?: readonly Tensor[] | undefined;
  /** Generators that `body` uses; the second run draws the same numbers. */
  readonly generators?: readonly Generator[] | undefined;
}

const rules: OptionRules<RecomputeOptions> = {
  parameters: is.optional(is.arrayOf(tensorRule, 'an array of tensors')),
  generators: is.optional(is.arrayOf(generatorRule, 'an array of generators')),
};

/**
 * Runs `body` without keeping its intermediate results: only the inputs are kept, and the backward pass runs `body`
 * again (gradient checkpointing, Chen et al. 2016). A chain of T steps in √T such pieces needs O(√T) memory and one
 * more forward pass.
 *
 * @example
 * ```ts
 * const [h] = recompute(([x, h0]) => [layers(x, h0)], [x, h0], { parameters: model.parameters() });
 * ```
 *
 * @param body a function of the tensors that it is given and of `parameters` alone, the same each time it is called; it
 *   must not be asynchronous. What it makes on the way is disposed
 * @param inputs what gradients flow through; everything else that `body` reads must be a leaf among `parameters`, or
 *   need no gradient
 */
export function recompute<Outputs extends readonly Tensor[]>(
  body: (inputs: readonly Tensor[]) => Outputs,
  inputs: readonly Tensor[],
  options: RecomputeOptions = {},
): Outputs {
  checkValue('recompute', 'body', body, is.function);
  checkValue('recompute', 'inputs', inputs, is.arrayOf(tensorRule, 'an array of tensors'));
  checkOptions('recompute', options, rules);
  const { parameters = [], generators = [] } = options;
  const all = [...inputs, ...parameters];
  const first = all[0];
  if (!first) return body(inputs);
  const { backend } = first;
  if (!needsGradient(all)) return tidy(backend, () => checkedOutputs(body(inputs)));
  const random = generators.map(({ state }) => state);
  // The second run is to be as the first one, whatever is in force where backward() is called.
  const { fused, training } = modesOf(backend);
  const outputs = inScope(backend, { gradient: false }, (scope) =>
    // A tensor handed through is not this operation's to mark as its output.
    checkedOutputs(body(inputs)).map((output) =>
      scope.keep(inputs.includes(output) || parameters.includes(output) ? output.detach() : output),
    ),
  );
  record('recompute', outputs, {
    inputs: all,
    // The parameters are saved so that overwriting them in between is noticed.
    saved: all,
    backward: (gradients, wanted, saved) => {
      const leaves = saved.slice(0, inputs.length).map((input, index) => {
        if (wanted[index]) input.requiresGrad = true;
        return input;
      });
      const later = generators.map(({ state }) => state);
      generators.forEach((generator, index) => (generator.state = random[index]!));
      try {
        inScope(backend, { gradient: true, fused, training }, () => backwardFrom(body(leaves), gradients));
      } finally {
        generators.forEach((generator, index) => (generator.state = later[index]!));
      }
      // Those of the parameters are in their place already.
      return [...leaves.map(takeGradient), ...parameters.map(() => null)];
    },
  });
  // `map` of a tuple is an array to the compiler.
  return outputs as readonly Tensor[] as Outputs;
}

/** One backward pass from several tensors. */
function checkedOutputs<Outputs extends readonly Tensor[]>(outputs: Outputs): Outputs {
  checkValue('recompute', 'the result of body', outputs, is.arrayOf(tensorRule, 'an array of tensors'));
  return outputs;
}

function backwardFrom(outputs: readonly Tensor[], gradients: readonly (Tensor | null)[]): void {
  const used = outputs.flatMap((output, index) =>
    gradients[index] && output.requiresGrad ? [{ output, gradient: gradients[index] }] : [],
  );
  if (used.length === 0) return;
  const root = zeros(used[0]!.output.backend, []);
  record('recompute', [root], {
    inputs: used.map(({ output }) => output),
    backward: () => used.map(({ gradient }) => gradient),
  });
  root.backward();
}

/** Moves a leaf's gradient into the innermost scope. */
function takeGradient(leaf: Tensor): Tensor | null {
  const gradient = leaf.grad;
  leaf.grad = null;
  if (gradient) ownerOf(levelOf(leaf.backend))?.adopt(gradient);
  return gradient;
}
