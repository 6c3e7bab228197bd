import { type Backend, type Generator, relu, type Tensor } from '@timestep/core';
import { Conv1d, Dropout, LayerNorm, Linear, LSTM, Module } from '@timestep/layers';

/** The sizes of a recogniser. */
export interface NetworkConfig {
  /** Features of a frame */
  readonly inputSize: number;
  /** Labels and CTC's blank, which is class 0 */
  readonly classes: number;
  /** The convolution that makes the network's steps out of several frames */
  readonly convolution: { readonly size: number; readonly kernel: number; readonly stride: number };
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
}

/** The output of the network: logits `[T', N, classes]` and the number of steps that count for each sequence. */
export interface Emitted {
  readonly logits: Tensor;
  readonly lengths: Int32Array;
}

/** The shape of every tensor of a recogniser, by name: what its file must hold, known before the network is built. */
export function tensorShapes({
  inputSize,
  classes,
  convolution,
  hiddenSize,
  layers,
}: NetworkConfig): Map<string, number[]> {
  const gates = 4 * hiddenSize;
  const directions = ['', '_reverse'];
  const recurrent = Array.from({ length: layers }, (_, layer) =>
    directions.flatMap((direction): [string, number[]][] => [
      [`lstm.weight_ih_l${layer}${direction}`, [gates, layer === 0 ? convolution.size : 2 * hiddenSize]],
      [`lstm.weight_hh_l${layer}${direction}`, [gates, hiddenSize]],
      [`lstm.bias_ih_l${layer}${direction}`, [gates]],
      [`lstm.bias_hh_l${layer}${direction}`, [gates]],
    ]),
  );
  return new Map([
    ['convolution.weight', [convolution.size, inputSize, convolution.kernel]],
    ['convolution.bias', [convolution.size]],
    ['norm.weight', [convolution.size]],
    ['norm.bias', [convolution.size]],
    ...recurrent.flat(),
    ['head.weight', [classes, 2 * hiddenSize]],
    ['head.bias', [classes]],
  ]);
}

/**
 * Frames → one strided convolution, which shortens the sequence, → bidirectional LSTM layers → a class for each step,
 * to be read by CTC (Graves et al. 2006).
 */
export class Recognizer extends Module {
  readonly classes: number;
  convolution: Conv1d;
  norm: LayerNorm;
  lstm: LSTM;
  head: Linear;
  dropout: Dropout;

  constructor(
    backend: Backend,
    { inputSize, classes, convolution, hiddenSize, layers, dropout }: NetworkConfig,
    generator: Generator,
  ) {
    super();
    const common = { backend, generator };
    this.classes = classes;
    this.convolution = new Conv1d({
      ...common,
      inputSize,
      outputSize: convolution.size,
      kernelSize: convolution.kernel,
      stride: convolution.stride,
      padding: Math.floor(convolution.kernel / 2),
    });
    this.norm = new LayerNorm({ ...common, size: convolution.size });
    this.lstm = new LSTM({
      ...common,
      inputSize: convolution.size,
      hiddenSize,
      numLayers: layers,
      bidirectional: true,
      dropout,
    });
    this.head = new Linear({ ...common, inputSize: 2 * hiddenSize, outputSize: classes });
    this.dropout = new Dropout({ rate: dropout, generator });
  }

  /** @param x `[T, N, inputSize]` with the frames of each sequence in `lengths` */
  forward(x: Tensor, lengths: ArrayLike<number>): Emitted {
    const after = this.convolution.outputLengths(lengths);
    const steps = relu(this.norm.forward(this.convolution.forward(x, { lengths })));
    const { output } = this.lstm.forward(this.dropout.forward(steps), { lengths: after });
    return { logits: this.head.forward(this.dropout.forward(output)), lengths: after };
  }
}
