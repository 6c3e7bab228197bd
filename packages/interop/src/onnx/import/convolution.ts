import { transpose, type Backend, type Tensor } from '@timestep/core';
import { Conv1d, Module } from '@timestep/layers';
import { ensure } from '../../errors.ts';
import type { Constant } from './constant.ts';
import type { OnnxNode } from './node.ts';
import { isHost, type Value } from './value.ts';

/** A convolution over one axis: x `[N, D, T]`, which is `[T, N, D]` here. */
export class OnnxConvolution extends Module {
  readonly layer: Conv1d;

  constructor(node: OnnxNode, constantOf: (input: number) => Constant | null, backend: Backend) {
    super();
    const weight = constantOf(1);
    const bias = constantOf(2);
    ensure(
      weight?.kind === 'float' && (bias === null || bias.kind === 'float'),
      'UNSUPPORTED_MODEL',
      () => `[onnx] the weights of ${node.where} are no float constants of the file`,
    );
    ensure(
      weight.shape.length === 3,
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} convolves over ${weight.shape.length - 2} axes; one can be read`,
    );
    const [outputSize, inputSize, kernelSize] = weight.shape as [number, number, number];
    ensure(
      !weight.shape.includes(0) && (bias === null || bias.data.length === outputSize),
      'MALFORMED_FILE',
      () => `[onnx] the weights of ${node.where} have sizes that do not fit each other`,
    );
    const [before = 0, after = 0] = node.ints('pads', [0, 0]);
    const [stride = 1] = node.ints('strides', [1]);
    const [dilation = 1] = node.ints('dilations', [1]);
    const plain =
      node.int('group', 1) === 1 &&
      ['NOTSET', 'VALID'].includes(node.text('auto_pad', 'NOTSET')) &&
      stride >= 1 &&
      dilation >= 1;
    const padding =
      before === after && before >= 0
        ? before
        : stride === 1 && before >= 0 && after - before === 1 && before + after === dilation * (kernelSize - 1)
          ? 'same'
          : null;
    ensure(
      plain && padding !== null,
      'UNSUPPORTED_MODEL',
      () =>
        `[onnx] ${node.where} has groups, or pads ${before} and ${after} unevenly; there is no such convolution here`,
    );
    this.layer = new Conv1d({
      backend,
      inputSize,
      outputSize,
      kernelSize,
      stride,
      dilation,
      padding,
      bias: bias !== null,
    });
    this.layer.weight.assign(weight.data);
    if (bias) this.layer.bias!.assign(bias.data);
  }

  run([x]: readonly (Value | null)[]): Value[] {
    ensure(!!x && !isHost(x), 'MALFORMED_FILE', () => '[onnx] a convolution has no input tensor');
    return [transpose(this.layer.forward(transpose(x as Tensor, [2, 0, 1])), [1, 2, 0])];
  }
}
