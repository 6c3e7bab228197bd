import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, mean, ones, square, tensor, zeros } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { Conv1d } from './conv1d.ts';
import { Dropout } from './dropout.ts';
import { Embedding } from './embedding.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { checkGradients, randomLeaf } from './test-support/gradients.ts';
import { leakChecked } from './test-support/leaks.ts';

const backend = createReferenceBackend();
const generator = new Generator(11);

describe.each(['require', 'off'] as const)('gradients by finite differences with fused: %s', (fused) => {
  it('Linear', () =>
    leakChecked(backend, async () => {
      using layer = new Linear({ backend, inputSize: 3, outputSize: 2, generator, fused });
      const x = randomLeaf(backend, [2, 2, 3], generator);
      await checkGradients({ x, weight: layer.weight, bias: layer.bias! }, () => [layer.forward(x)]);
    }));

  it('LayerNorm', () =>
    leakChecked(backend, async () => {
      using layer = new LayerNorm({ backend, size: 4, generator, fused });
      layer.weight!.assign([0.5, -1, 2, 0.1]);
      const x = randomLeaf(backend, [3, 4], generator);
      await checkGradients({ x, weight: layer.weight!, bias: layer.bias! }, () => [layer.forward(x)]);
    }));

  it('Conv1d', () =>
    leakChecked(backend, async () => {
      using layer = new Conv1d({
        backend,
        inputSize: 2,
        outputSize: 3,
        kernelSize: 3,
        stride: 2,
        dilation: 2,
        padding: 2,
        generator,
        fused,
      });
      const x = randomLeaf(backend, [9, 2, 2], generator);
      await checkGradients({ x, weight: layer.weight, bias: layer.bias! }, () => [
        layer.forward(x, { lengths: [9, 6] }),
      ]);
    }));
});

it('Embedding: gradients by finite differences, repeated indices adding up', () =>
  leakChecked(backend, async () => {
    using layer = new Embedding({ backend, numEmbeddings: 4, embeddingSize: 2, generator });
    const index = tensor(
      backend,
      [
        [3, 1],
        [1, 1],
      ],
      { dtype: 'i32' },
    );
    await checkGradients({ weight: layer.weight }, () => [layer.forward(index)]);
  }));

describe('Dropout', () => {
  it('keeps the mean, scales what it keeps, and draws the same mask from the same seed', () =>
    leakChecked(backend, async () => {
      const draw = async (): Promise<number[]> => [
        ...(await new Dropout({ rate: 0.25, generator: new Generator(8) }).forward(ones(backend, [40, 50])).data()),
      ];
      const values = await draw();
      expect(new Set(values)).toEqual(new Set([0, 1 / 0.75]));
      // 2000 draws: a deviation of 0.0097 in the share, so this is more than 5 of them.
      expect(values.filter((value) => value === 0).length / values.length).toBeCloseTo(0.25, 1);
      expect(await draw()).toEqual(values);
    }));

  it('locked, drops the same features at every step', () =>
    leakChecked(backend, async () => {
      const layer = new Dropout({ rate: 0.5, locked: true, generator: new Generator(8) });
      const rows = (await layer.forward(ones(backend, [3, 2, 16])).array()) as number[][][];
      expect(rows[1]).toEqual(rows[0]);
      expect(rows[2]).toEqual(rows[0]);
      expect(rows[0]![0]).not.toEqual(rows[0]![1]);
    }));

  it('is the identity in eval and at rate 0, and all zeros at rate 1', () =>
    leakChecked(backend, async () => {
      const x = ones(backend, [4]);
      expect(new Dropout({ rate: 0.5 }).eval().forward(x)).toBe(x);
      expect(new Dropout({ rate: 0 }).forward(x)).toBe(x);
      expect([...(await new Dropout({ rate: 1 }).forward(x).data())]).toEqual([0, 0, 0, 0]);
    }));
});

describe('errors', () => {
  it('say what was expected, what came and what to do', () =>
    leakChecked(backend, () => {
      using linear = new Linear({ backend, inputSize: 16, outputSize: 2 });
      using conv = new Conv1d({ backend, inputSize: 3, outputSize: 2, kernelSize: 5 });
      using embedding = new Embedding({ backend, numEmbeddings: 4, embeddingSize: 2 });
      expect(() => linear.forward(zeros(backend, [20, 4, 8]))).toThrow(
        '[Linear] expected x of shape [..., 16], got [20, 4, 8]; pass inputSize: 8 or project x first',
      );
      expect(() => linear.forward(zeros(backend, [16], { dtype: 'i32' }))).toThrow(
        "[Linear] expected x of dtype f32, got i32; embed indices or cast(x, 'f32') first",
      );
      expect(() => conv.forward(zeros(backend, [4, 1, 3]))).toThrow(
        '[Conv1d] a kernel of 5 steps (dilation 1) does not fit into x [4, 1, 3] with padding 0 and 0',
      );
      expect(() => conv.forward(zeros(backend, [9, 3]))).toThrow(
        '[Conv1d] expected x of shape [T, N, 3], got [9, 3]; reshape a single sequence [T, D] to [T, 1, D]',
      );
      expect(() => conv.forward(zeros(backend, [9, 2, 3]), { lengths: [9, 10] })).toThrow(
        /\[Conv1d\] lengths\[1\] is 10/,
      );
      expect(() => embedding.forward(zeros(backend, [2]))).toThrow(
        '[Embedding] expected indices of dtype i32, got f32',
      );
      expect(() => new Linear({ backend, inputSize: 0, outputSize: 1 })).toThrow(
        '[Linear] expected inputSize to be a whole number of at least 1, got 0',
      );
      expect(
        () => new Conv1d({ backend, inputSize: 1, outputSize: 1, kernelSize: 3, stride: 2, padding: 'same' }),
      ).toThrow("[Conv1d] padding: 'same' needs stride 1, got 2");
      expect(() => new Dropout({ rate: 1.5 })).toThrow('[Dropout] expected rate to be a probability in 0…1, got 1.5');
      expect(() => new Embedding({ backend, numEmbeddings: 4, embeddingSize: 2, paddingIndex: 4 })).toThrow(
        '[Embedding] expected paddingIndex in 0…3, got 4',
      );
    }));

  it('name an index that is out of range where the memory is the host’s', () =>
    leakChecked(backend, () => {
      const host = { ...backend, hostView: () => Int32Array.of(1, 3, 4, 0) };
      using embedding = new Embedding({ backend, numEmbeddings: 4, embeddingSize: 2 });
      const index = tensor(
        host,
        [
          [1, 3],
          [4, 0],
        ],
        { dtype: 'i32' },
      );
      expect(() => embedding.forward(index)).toThrow(
        '[Embedding] element 2 of the indices [2, 2] is 4, expected 0…3; raise numEmbeddings or map unknown symbols to one index',
      );
      index.dispose();
    }));
});

it('leaves nothing behind when there is no scope at all', async () => {
  const before = backend.memory().buffers;
  const layer = new Conv1d({ backend, inputSize: 2, outputSize: 2, kernelSize: 2 });
  const drop = new Dropout({ rate: 0.5 });
  const x = ones(backend, [5, 1, 2]);
  const loss = mean(square(drop.forward(layer.forward(x, { lengths: [4] }))));
  loss.backward();
  expect(Number.isFinite(await loss.item())).toBe(true);
  for (const tensor of [loss, x]) tensor.dispose();
  layer.dispose();
  expect(backend.memory().buffers).toBe(before);
});
