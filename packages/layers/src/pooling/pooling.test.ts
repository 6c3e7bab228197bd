import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, slice, type Tensor, zeros } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { BatchNorm } from '../batch-norm.ts';
import { Conv2d } from '../image/conv2d.ts';
import type { LengthsOption } from '../lengths.ts';
import { Linear } from '../linear.ts';
import { Sequential } from '../sequential.ts';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d } from './global-pool.ts';
import { AvgPool1d, MaxPool1d } from './pool1d.ts';
import { AvgPool2d, MaxPool2d } from './pool2d.ts';

const backend = createReferenceBackend();
const generator = new Generator(15);
const lengths = [6, 0, 3, 1];

const overSteps: Record<
  string,
  { forward(x: Tensor, options?: LengthsOption): Tensor; outputLengths?(l: number[]): Int32Array }
> = {
  'MaxPool1d 2': new MaxPool1d({ kernelSize: 2 }),
  'MaxPool1d 3, overlapping': new MaxPool1d({ kernelSize: 3, stride: 1, padding: 1 }),
  'AvgPool1d 2': new AvgPool1d({ kernelSize: 2, padding: 1 }),
  'AvgPool1d 3 without the padding': new AvgPool1d({ kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }),
  GlobalMaxPool1d: new GlobalMaxPool1d(),
  GlobalAvgPool1d: new GlobalAvgPool1d(),
};

describe.each(Object.entries(overSteps))('%s', (_, layer) => {
  it('pools each sequence as if it were alone, and gives zeros after its end', () =>
    leakChecked(backend, async () => {
      const x = randomLeaf(backend, [6, 4, 2], generator);
      const y = await layer.forward(x, { lengths }).array();
      for (const [n, length] of lengths.entries()) {
        const after = layer.outputLengths?.(lengths)[n];
        const rows = after === undefined ? [(y as number[][])[n]!] : (y as number[][][]).map((row) => row[n]!);
        const kept = after ?? Number(length > 0);
        for (const row of rows.slice(kept)) expect(row).toEqual([0, 0]);
        if (kept === 0) continue;
        const alone = await layer.forward(slice(slice(x, 0, 0, length), 1, n, n + 1)).array();
        const expected =
          after === undefined ? [(alone as number[][])[0]!] : (alone as number[][][]).map((row) => row[0]!);
        expect(rows.slice(0, kept)).toEqual(expected);
      }
    }));

  it('has the gradients of finite differences', () =>
    leakChecked(backend, async () => {
      const x = randomLeaf(backend, [6, 4, 2], generator);
      await checkGradients({ x }, () => [layer.forward(x, { lengths })], 24);
    }));
});

describe('images', () => {
  it('go through a convolutional network, frames of a video too', () =>
    leakChecked(backend, async () => {
      using network = new Sequential(
        new Conv2d({
          backend,
          generator,
          inputChannels: 2,
          outputChannels: 4,
          kernelSize: 3,
          padding: 'same',
          groups: 2,
        }),
        new BatchNorm({ backend, size: 4, axis: -3 }),
        new MaxPool2d({ kernelSize: 2 }),
        new AvgPool2d({ kernelSize: [2, 1], stride: 1, padding: [1, 0] }),
        new GlobalAvgPool2d(),
        new Linear({ backend, generator, inputSize: 4, outputSize: 3 }),
      );
      const x = randomLeaf(backend, [2, 3, 2, 4, 4], generator);
      expect(network.forward(x).shape).toEqual([2, 3, 3]);
      expect(new GlobalMaxPool2d().forward(x).shape).toEqual([2, 3, 2]);
      await checkGradients({ x, ...Object.fromEntries(network.namedParameters()) }, () => [network.eval().forward(x)]);
    }));

  it('give the gradient of equal values to the first', () =>
    leakChecked(backend, async () => {
      const x = randomLeaf(backend, [1, 2, 2], generator);
      x.assign([1, 1, 0, 1]);
      new MaxPool2d({ kernelSize: 2 }).forward(x).backward(zeros(backend, [1, 1, 1]).assign([3]));
      expect([...(await x.grad!.data())]).toEqual([3, 0, 0, 0]);
    }));
});

describe('errors', () => {
  it.each<readonly [string, () => unknown, string]>([
    [
      'padding',
      () => new MaxPool2d({ kernelSize: 2, padding: 2 }),
      '[MaxPool2d] expected padding of at most half the kernelSize [2, 2], got [2, 2]',
    ],
    [
      'padding',
      () => new AvgPool1d({ kernelSize: 3, padding: 2 }),
      '[AvgPool1d] expected padding of at most half the kernelSize 3, got 2',
    ],
    [
      'a small image',
      () => new MaxPool2d({ kernelSize: 3 }).forward(zeros(backend, [1, 2, 5])),
      '[MaxPool2d] a kernel of [3, 3]',
    ],
    [
      'a short sequence',
      () => new MaxPool1d({ kernelSize: 3 }).forward(zeros(backend, [2, 1, 5])),
      '[MaxPool1d] a kernel of 3 steps does not fit into x [2, 1, 5]',
    ],
    [
      'groups',
      () => new Conv2d({ backend, inputChannels: 3, outputChannels: 4, kernelSize: 1, groups: 2 }),
      '[Conv2d] expected inputChannels and outputChannels to be multiples of groups 2, got 3 and 4',
    ],
    [
      'same',
      () => new Conv2d({ backend, inputChannels: 3, outputChannels: 4, kernelSize: 1, stride: 2, padding: 'same' }),
      "[Conv2d] padding: 'same' needs stride 1, got 2, 2",
    ],
  ])('name %s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('tell that channels come first', () =>
    leakChecked(backend, () => {
      using layer = new Conv2d({ backend, inputChannels: 3, outputChannels: 4, kernelSize: 1 });
      expect(() => layer.forward(zeros(backend, [2, 8, 8, 3]))).toThrow(
        '[Conv2d] expected x of shape [..., 3, H, W], got [2, 8, 8, 3]; channels come before height and width: transpose x',
      );
    }));
});
