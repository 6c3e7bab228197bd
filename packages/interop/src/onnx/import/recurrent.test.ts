import { describe, expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { cpu, expectSameAnswers } from '../../test-support/import-agreement.ts';
import { exportOnnxGraph, type OnnxGraph } from '../export/graph.ts';
import type { OnnxAttribute } from '../export/protos.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(23);
const [T, N, D, H] = [6, 3, 4, 2];
const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const;

interface Given {
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  readonly lengths?: boolean;
  readonly state?: boolean;
  readonly peepholes?: boolean;
}

function build(opType: keyof typeof gates, { attributes, lengths = false, state = false, peepholes = false }: Given) {
  const directions = attributes['direction'] === 'bidirectional' ? 2 : 1;
  const batchFirst = attributes['layout'] === 1;
  const rows = gates[opType] * H;
  const floats = (graph: OnnxGraph, ...shape: number[]) =>
    graph.floats(draws.floats(...shape).data as Float32Array, shape);
  return exportOnnxGraph((graph) => {
    const x = graph.input('x', 'f32', batchFirst ? [N, T, D] : [T, N, D]);
    const start = () => floats(graph, ...(batchFirst ? [N, directions, H] : [directions, N, H]));
    const inputs = [
      x,
      floats(graph, directions, rows, D),
      floats(graph, directions, rows, H),
      floats(graph, directions, 2 * rows),
      lengths ? graph.one('Cast', [graph.integers([6, 2, 1])], { to: 6 }, { dtype: 'i32', rank: 1 }) : null,
      state ? start() : null,
      ...(opType === 'LSTM' ? [state ? start() : null, peepholes ? floats(graph, directions, 3 * H) : null] : []),
    ];
    const results = [
      { dtype: 'f32', rank: 4 },
      { dtype: 'f32', rank: 3 },
      ...(opType === 'LSTM' ? [{ dtype: 'f32', rank: 3 } as const] : []),
    ] as const;
    graph
      .node(opType, inputs, { hidden_size: H, ...attributes }, results)
      .forEach((value, k) => graph.output(`y${k}`, value));
  });
}

const activations = (...names: string[]) => ({ activations: names });
const clip = { clip: { float: 0.4 } };
const cases: readonly (readonly [string, keyof typeof gates, Given])[] = [
  ['LSTM as it is', 'LSTM', { attributes: {}, lengths: true, state: true }],
  [
    'LSTM, both directions, peepholes, clipped',
    'LSTM',
    { attributes: { direction: 'bidirectional', ...clip }, lengths: true, peepholes: true },
  ],
  [
    'LSTM, coupled gates, other activations',
    'LSTM',
    { attributes: { input_forget: 1, ...activations('HardSigmoid', 'Softsign', 'Relu') } },
  ],
  [
    'GRU, reset after, clipped, from the end',
    'GRU',
    { attributes: { linear_before_reset: 1, direction: 'reverse', ...clip }, lengths: true },
  ],
  [
    'GRU, reset before, other activations',
    'GRU',
    {
      attributes: { direction: 'bidirectional', ...activations('HardSigmoid', 'Tanh', 'Sigmoid', 'Elu') },
      state: true,
    },
  ],
  [
    'RNN, softsign one way, tanh the other',
    'RNN',
    { attributes: { direction: 'bidirectional', ...activations('Softsign', 'Tanh') } },
  ],
  ['RNN, scaled tanh', 'RNN', { attributes: activations('Softplus') }],
];

describe('recurrent operators with any of their attributes', () => {
  it.each(cases)('%s', async (_, opType, given) => {
    await expectSameAnswers(await build(opType, given), { x: draws.floats(T, N, D) });
  });

  // ONNX Runtime has no layout 1: what it gives for layout 0, turned, is the truth.
  it.each(['LSTM', 'GRU', 'RNN'] as const)('%s with batches first', async (opType) => {
    const model = async (layout: number, activation: readonly string[]) => {
      const drawn = drawsOf(99);
      const rows = gates[opType] * H;
      return importOnnx(
        await exportOnnxGraph((graph) => {
          const floats = (...shape: number[]) => graph.floats(drawn.floats(...shape).data as Float32Array, shape);
          const x = graph.input('x', 'f32', layout ? [N, T, D] : [T, N, D]);
          const named = { dtype: 'f32' } as const;
          graph
            .node(
              opType,
              [x, floats(1, rows, D), floats(1, rows, H)],
              { hidden_size: H, layout, activations: activation },
              [
                { ...named, rank: 4 },
                { ...named, rank: 3 },
              ],
            )
            .forEach((value, k) => {
              const turned = layout
                ? value
                : graph.one('Transpose', [value], { perm: k === 0 ? [2, 0, 1, 3] : [1, 0, 2] }, value);
              const input = graph.one('Identity', [turned], {}, value);
              graph.output(`y${k}`, input);
            });
        }),
        { backend: cpu },
      );
    };
    const usual = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] }[opType];
    const x = draws.floats(N, T, D);
    const turned = Float32Array.from({ length: T * N * D }, (_, n) => {
      const [t, row, d] = [Math.floor(n / (N * D)), Math.floor(n / D) % N, n % D];
      return x.data[(row * T + t) * D + d]!;
    });
    // As cells and step by step.
    for (const names of [usual, usual.map((name) => (name === 'Tanh' ? 'Softsign' : name))]) {
      using first = await model(1, names);
      using second = await model(0, names);
      const here = first.forward({ x: { data: x.data, shape: [N, T, D] } });
      const there = second.forward({ x: { data: turned, shape: [T, N, D] } });
      for (const name of ['y0', 'y1']) {
        expect(here[name]!.shape).toEqual(there[name]!.shape);
        const [a, b] = [await here[name]!.data(), await there[name]!.data()];
        for (const [n, value] of b.entries()) expect(a[n]).toBeCloseTo(value, 5);
      }
    }
  });

  it('names an activation that it lacks, and lists of another length', async () => {
    for (const [names, message] of [
      [['Sigmoid', 'Tanh', 'Swish'], /has the activation 'swish'/],
      [['Sigmoid', 'Tanh'], /has the activations sigmoid, tanh, expected 3/],
    ] as const) {
      const file = await build('LSTM', { attributes: activations(...names) });
      const run = () => {
        using model = importOnnx(file, { backend: cpu });
        model.forward({ x: { data: new Float32Array(T * N * D), shape: [T, N, D] } });
      };
      expect(run).toThrow(message);
    }
  });
});
