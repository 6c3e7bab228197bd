import {
  add,
  affine,
  linear,
  maximum,
  minimum,
  multiply,
  relu,
  reshape,
  scan,
  sigmoid,
  slice,
  softplus,
  stack,
  tanh,
  transpose,
  unstack,
  zeros,
  type State,
  type Tensor,
} from '@timestep/core';
import { gateCounts, recurrentLayout, type RecurrentType } from '../recurrent-options.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { show, type Value } from '../value.ts';
import { activations } from './activations.ts';

type Activation = (x: Tensor) => Tensor;

/** Activations by name, with [name, default] of their parameters α and β. */
const known: Readonly<
  Record<string, { readonly numbers: readonly number[]; make: (a: number, b: number) => Activation }>
> = {
  affine: { numbers: [1, 0], make: (a, b) => (x) => affine(x, a, b) },
  elu: { numbers: [1], make: (a) => (x) => activations.elu(x, a) },
  hardsigmoid: { numbers: [0.2, 0.5], make: (a, b) => (x) => activations.hardSigmoid(x, a, b) },
  leakyrelu: { numbers: [0.01], make: (a) => (x) => activations.leakyRelu(x, a) },
  relu: { numbers: [], make: () => relu },
  scaledtanh: { numbers: [1, 1], make: (a, b) => (x) => affine(tanh(affine(x, b)), a) },
  sigmoid: { numbers: [], make: () => sigmoid },
  softplus: { numbers: [], make: () => softplus },
  softsign: { numbers: [], make: () => activations.softsign },
  tanh: { numbers: [], make: () => tanh },
  thresholdedrelu: { numbers: [1], make: (a) => (x) => activations.thresholdedRelu(x, a) },
};

const standard: Readonly<Record<RecurrentType, readonly string[]>> = {
  LSTM: ['sigmoid', 'tanh', 'tanh'],
  GRU: ['sigmoid', 'tanh'],
  RNN: ['tanh'],
};

/** The activations of every direction. Each takes its parameters from the lists in turn. */
function activationsOf(call: Call, type: RecurrentType, directions: number): Activation[][] {
  const each = standard[type].length;
  const names = call.node.texts('activations')?.map((name) => name.toLowerCase());
  call.ensure(
    !names || names.length === each * directions,
    () => `has the activations ${names!.join(', ')}, expected ${each * directions}`,
  );
  const [alphas, betas] = [call.node.floats('activation_alpha') ?? [], call.node.floats('activation_beta') ?? []].map(
    (list) => [...list],
  ) as [number[], number[]];
  return Array.from({ length: directions }, (_, direction) =>
    standard[type].map((plain, k) => {
      const name = names?.[direction * each + k] ?? plain;
      const entry = Object.hasOwn(known, name) ? known[name]! : call.refuse(`has the activation '${name}'`);
      const [a = 0, b = 0] = entry.numbers;
      return entry.make(
        entry.numbers.length > 0 ? (alphas.shift() ?? a) : a,
        entry.numbers.length > 1 ? (betas.shift() ?? b) : b,
      );
    }),
  );
}

/** The weights and options of one direction. */
interface Direction {
  readonly w: Tensor;
  readonly r: Tensor;
  readonly inputBias: Tensor | null;
  readonly hiddenBias: Tensor | null;
  readonly peephole: readonly Tensor[] | null;
  readonly functions: readonly Activation[];
  readonly clip: (x: Tensor) => Tensor;
  readonly size: number;
}

const part = (sums: Tensor, k: number, size: number) => slice(sums, 1, k * size, (k + 1) * size);

/** i, o, f, c: the equations of ONNX's LSTM. */
function lstmStep(call: Call, { r, hiddenBias, peephole, functions, clip, size }: Direction) {
  const [f, g, h] = functions as [Activation, Activation, Activation];
  const coupled = call.node.int('input_forget', 0) === 1;
  return (a: Tensor, state: State) => {
    const cell = state['c']!;
    const sums = add(a, linear(state['h']!, r, hiddenBias));
    const seen = (k: number, weight: number, of: Tensor) =>
      clip(peephole ? add(part(sums, k, size), multiply(peephole[weight]!, of)) : part(sums, k, size));
    const input = f(seen(0, 0, cell));
    const forget = coupled ? affine(input, -1, 1) : f(seen(2, 2, cell));
    const next = add(multiply(forget, cell), multiply(input, g(clip(part(sums, 3, size)))));
    const output = multiply(f(seen(1, 1, next)), h(next));
    return { output, state: { h: output, c: next } };
  };
}

/** z, r, h: the equations of ONNX's GRU. */
function gruStep(call: Call, { r, hiddenBias, functions, clip, size }: Direction) {
  const [f, g] = functions as [Activation, Activation];
  const after = call.node.int('linear_before_reset', 0) !== 0;
  const row = (k: number) => slice(r, 0, k * size, (k + 1) * size);
  const bias = (k: number) => hiddenBias && slice(hiddenBias, 0, k * size, (k + 1) * size);
  return (a: Tensor, state: State) => {
    const before = state['h']!;
    const gate = (k: number) => f(clip(add(part(a, k, size), linear(before, row(k), bias(k)))));
    const [update, reset] = [gate(0), gate(1)];
    const past = after
      ? multiply(reset, linear(before, row(2), bias(2)))
      : linear(multiply(reset, before), row(2), bias(2));
    const fresh = g(clip(add(part(a, 2, size), past)));
    const output = add(multiply(affine(update, -1, 1), fresh), multiply(update, before));
    return { output, state: { h: output } };
  };
}

function rnnStep(_: Call, { r, hiddenBias, functions, clip }: Direction) {
  return (a: Tensor, state: State) => {
    const output = functions[0]!(clip(add(a, linear(state['h']!, r, hiddenBias))));
    return { output, state: { h: output } };
  };
}

const steps = { LSTM: lstmStep, GRU: gruStep, RNN: rnnStep } as const;

/** Runs a recurrent operator step by step, with any weights and attributes. */
function recurrent(type: RecurrentType): Operator {
  return operator(
    (call: Call) => {
      const { directions, reversed, batchFirst, lengths, initial } = recurrentLayout(call, type);
      const x = batchFirst ? transpose(call.tensor(0), [1, 0, 2]) : call.tensor(0);
      const [w, r] = [call.tensor(1), call.tensor(2)];
      const [bias, peephole] = [call.optionalTensor(3), type === 'LSTM' ? call.optionalTensor(7) : null];
      const size = r.shape[2] ?? 0;
      const rows = gateCounts[type] * size;
      const expected: readonly [string, Tensor | null, readonly number[]][] = [
        ['W', w, [directions, rows, x.shape[2]!]],
        ['R', r, [directions, rows, size]],
        ['B', bias, [directions, 2 * rows]],
        ['P', peephole, [directions, 3 * size]],
      ];
      for (const [name, value, shape] of expected)
        call.ensure(
          !value || show(value.shape) === show(shape),
          () => `has ${name} of shape ${show(value!.shape)}, expected ${show(shape)}`,
        );
      call.ensure(x.shape[0]! > 0, () => 'reads a sequence of no steps');
      const clip = call.node.float('clip', 0);
      const functions = activationsOf(call, type, directions);
      const names = type === 'LSTM' ? ['h', 'c'] : ['h'];
      const results = reversed.map((reverse, n) => {
        const both = bias && unstack(bias)[n]!;
        const direction: Direction = {
          w: unstack(w)[n]!,
          r: unstack(r)[n]!,
          inputBias: both && slice(both, 0, 0, rows),
          hiddenBias: both && slice(both, 0, rows, 2 * rows),
          peephole: peephole && unstack(reshape(unstack(peephole)[n]!, [3, size])),
          functions: functions[n]!,
          clip: clip > 0 ? (value) => minimum(maximum(value, -clip), clip) : (value) => value,
          size,
        };
        const start = names.map((name, k) => [name, initial[k]?.[n] ?? zeros(x.backend, [x.shape[1]!, size])] as const);
        return scan(
          steps[type](call, direction),
          linear(x, direction.w, direction.inputBias),
          Object.fromEntries(start),
          {
            lengths,
            reverse,
          },
        );
      });
      return arranged(call, results, names, batchFirst);
    },
    {
      inputs: [3, type === 'LSTM' ? 8 : 6],
      outputs: type === 'LSTM' ? 3 : 2,
      attributes: [
        'activation_alpha',
        'activation_beta',
        'activations',
        'clip',
        'direction',
        'hidden_size',
        'layout',
        ...(type === 'LSTM' ? ['input_forget'] : type === 'GRU' ? ['linear_before_reset'] : []),
      ],
    },
  );
}

/** Y `[T, directions, N, H]` and each part of the final state `[directions, N, H]`; with layout 1 N comes first. */
export function arranged(
  call: Call,
  results: readonly { readonly output: Tensor; readonly state: State }[],
  names: readonly string[],
  batchFirst: boolean,
): Value[] {
  const { type } = call.value(0);
  const y = stack(
    results.map(({ output }) => output),
    1,
  );
  const states = names.map((name) =>
    stack(
      results.map(({ state }) => state[name]!),
      batchFirst ? 1 : 0,
    ),
  );
  return [batchFirst ? transpose(y, [2, 0, 1, 3]) : y, ...states].map((value) => call.device(type, value));
}

/** LSTM, GRU and RNN. With constant weights and the usual attributes, they become cells instead. */
export const recurrentOperators: Operators = {
  LSTM: recurrent('LSTM'),
  GRU: recurrent('GRU'),
  RNN: recurrent('RNN'),
};
