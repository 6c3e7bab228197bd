import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { absolute, mean, openScope, tensor, type State, type Tensor } from '@timestep/core';
import { FullyRecurrent, IndRNN, Jordan, LSTM, MGU, MinGRU, MinLSTM, type Module } from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { expectClose } from '../../test-support/compare.ts';
import { cpu, expectSameAnswers, reference } from '../../test-support/import-agreement.ts';
import { exportOnnx } from '../export/export.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import { GraphProtoSchema, ModelProtoSchema } from '../proto/onnx.generated.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(31);
const [T, N, D, H] = [5, 3, 4, 2];
const shared = { backend: reference, generator: draws.generator, inputSize: D, hiddenSize: H };

describe('cells that are loops in the file come back equal, and can be trained on', () => {
  type Model = Module & { forward(x: Tensor, options: object): { output: Tensor; state: State } };
  const models: Readonly<Record<string, () => Model>> = {
    MGU: () => new MGU({ ...shared, bidirectional: true }),
    IndRNN: () => new IndRNN({ ...shared, numLayers: 2 }),
    Jordan: () => new Jordan({ ...shared, outputSize: 3 }),
    FullyRecurrent: () => new FullyRecurrent({ ...shared, outputSize: 1 }),
    MinGRU: () => new MinGRU(shared),
    MinLSTM: () => new MinLSTM(shared),
    'a projected LSTM': () => new LSTM({ ...shared, hiddenSize: 4, projectionSize: 2 }),
  };
  it.each(Object.entries(models))('%s', async (_, make) => {
    const model = draws.randomize(make());
    const x = tensor(reference, draws.floats(T, N, D).data, { shape: [T, N, D] });
    for (const lengths of [null, [5, 2, 0]]) {
      using back = importOnnx(await exportOnnx(model, { lengths: lengths !== null }), { backend: reference });
      using _scope = openScope(reference);
      const made = model.forward(x, { lengths });
      const got = back.forward({ x, ...(lengths ? { lengths } : {}) });
      expectClose(await got['output']!.data(), await made.output.data(), 'output', { relative: 1e-6, absolute: 1e-6 });
      for (const [name, part] of Object.entries(made.state))
        expectClose(await got[`state_${name}`]!.data(), await part.data(), name, { relative: 1e-6, absolute: 1e-6 });
      mean(absolute(got['output']!)).backward();
      expect(back.parameters().length).toBeGreaterThan(0);
      expect(back.parameters().filter(({ grad }) => !grad)).toEqual([]);
    }
    model.dispose();
  });
});

/** A graph for an attribute. */
async function body(build: (graph: OnnxGraph) => void): Promise<{ readonly graph: Uint8Array }> {
  const { graph } = fromBinary(ModelProtoSchema, await exportOnnxGraph(build));
  return { graph: toBinary(GraphProtoSchema, graph!) };
}

// By an operator that no body uses: names of values differ in the whole file.
const truth = (graph: OnnxGraph, value: number) =>
  graph.one('Equal', [graph.integers(value), graph.integers(1)], {}, { dtype: 'bool', rank: 0 });

describe('Loop', () => {
  // y ← y·2 + turn, which is collected too; going on is what the body says.
  const turn = body((graph) => {
    const [n, going, y] = [
      graph.input('n', 'i64', []),
      graph.input('going_in', 'bool', []),
      graph.input('y_in', 'f32', [2]),
    ];
    const step = graph.one('Cast', [n], { to: 1 }, { dtype: 'f32', rank: 0 });
    const next = graph.one('Add', [graph.one('Add', [y, y], {}, y), step], {}, y);
    const less = graph.one('Less', [n, graph.integers(7)], {}, { dtype: 'bool', rank: 0 });
    graph.output('going_out', graph.one('And', [less, going], {}, less));
    graph.output('y_out', next);
    graph.output('row', next);
  });
  const looped = async (turns: number, inner = turn) => {
    const attributes = { body: await inner };
    return exportOnnxGraph((graph) => {
      const x = graph.input('x', 'f32', [2]);
      const [y, rows] = graph.node('Loop', [graph.integers(turns), truth(graph, 1), x], attributes, [
        { dtype: 'f32', rank: 1 },
        { dtype: 'f32', rank: 2 },
      ] as const);
      graph.output('y', y);
      graph.output('rows', rows);
    });
  };

  it('runs as often as a constant says, or until its condition ends it', async () => {
    for (const turns of [1, 3, 100]) await expectSameAnswers(await looped(turns), { x: draws.floats(2) });
  });

  it('does not run for ever', async () => {
    const endless = body((graph) => {
      graph.input('n', 'i64', []);
      const [going, y] = [graph.input('going_in', 'bool', []), graph.input('y_in', 'f32', [2])];
      for (const [name, value] of [
        ['going_out', going],
        ['y_out', y],
        ['row', y],
      ] as const)
        graph.output(name, value);
    });
    using model = importOnnx(await looped(2 ** 40, endless), { backend: cpu });
    expect(() => model.forward({ x: [1, 2] })).toThrow(expect.objectContaining({ code: 'READ_LIMIT' }));
  });
});

it('If takes the branch that its condition names, and reads values from around it', async () => {
  for (const value of [0, 1]) {
    const branch = (opType: string) =>
      body((graph) => {
        const one = graph.floats(Float32Array.of(2), []);
        graph.output(`${opType}_made`, graph.one(opType, [one, one], {}, { dtype: 'f32', rank: 0 }));
      });
    const attributes = { then_branch: await branch('Mul'), else_branch: await branch('Sub') };
    const file = await exportOnnxGraph((graph) => {
      const x = graph.input('x', 'f32', [2]);
      const chosen = graph.one('If', [truth(graph, value)], attributes, { dtype: 'f32', rank: 0 });
      graph.output('y', graph.one('Add', [x, chosen], {}, x));
    });
    await expectSameAnswers(file, { x: draws.floats(2) });
  }
});

it('a scan over two sequences and from the end', async () => {
  const file = await exportOnnxGraph((graph) => {
    const [x, z] = [graph.input('x', 'f32', ['T', 2]), graph.input('z', 'f32', ['T', 2])];
    const start = graph.floats(Float32Array.of(0.5, -0.5), [2]);
    const body = ([before]: readonly OnnxValue[], rows: readonly OnnxValue[]) => {
      const next = graph.one('Add', [graph.one('Mul', [before!, rows[0]!], {}, rows[0]!), rows[1]!], {}, rows[0]!);
      return { state: [next], outputs: [next, rows[0]!] };
    };
    for (const reverse of [false, true]) {
      const { state, outputs } = graph.scan([start], [x, z], body, { reverse });
      graph.output(`state_${reverse}`, state[0]!);
      outputs.forEach((value, k) => graph.output(`output_${k}_${reverse}`, value));
    }
  });
  await expectSameAnswers(file, { x: draws.floats(4, 2), z: draws.floats(4, 2) });
});
