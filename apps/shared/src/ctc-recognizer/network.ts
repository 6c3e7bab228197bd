import { type Backend, type Generator, relu, type Tensor } from '@timestep/core';
import { Conv1d, Dropout, LayerNorm, Linear, LSTM, Module } from '@timestep/layers';

/** The sizes of a recogniser. */
export interface CTCRecognizerOptions {
  readonly backend: Backend;
  /** Features of a frame */
  readonly inputSize: number;
  /** Labels and CTC's blank, which is class 0 */
  readonly classes: number;
  /** The convolution that makes the network's steps out of several frames: channels, frames and stride */
  readonly convolutionSize: number;
  readonly convolutionKernel: number;
  readonly convolutionStride: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
  readonly generator: Generator;
}

/** The output of the network: logits `[T', N, classes]` and the number of steps that count for each sequence. */
export interface Emitted {
  readonly logits: Tensor;
  readonly lengths: Int32Array;
}

/**
 * Frames → one strided convolution, which shortens the sequence, → bidirectional LSTM layers → a class for each step,
 * to be read by CTC (Graves et al. 2006).
 */
export class CTCRecognizer extends Module {
  readonly classes: number;
  convolution: Conv1d;
  norm: LayerNorm;
  lstm: LSTM;
  head: Linear;
  dropout: Dropout;

  constructor({ backend, generator, ...sizes }: CTCRecognizerOptions) {
    super();
    const { inputSize, classes, convolutionSize, convolutionKernel, hiddenSize, dropout } = sizes;
    const common = { backend, generator };
    this.classes = classes;
    this.convolution = new Conv1d({
      ...common,
      inputSize,
      outputSize: convolutionSize,
      kernelSize: convolutionKernel,
      stride: sizes.convolutionStride,
      padding: Math.floor(convolutionKernel / 2),
    });
    this.norm = new LayerNorm({ ...common, size: convolutionSize });
    this.lstm = new LSTM({
      ...common,
      inputSize: convolutionSize,
      hiddenSize,
      numLayers: sizes.layers,
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
