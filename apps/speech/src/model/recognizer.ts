import { type Backend, type Generator, relu, type Tensor } from '@timestep/core';
import { Conv1d, Dropout, LayerNorm, Linear, LSTM, Module } from '@timestep/layers';
import type { ModelConfig } from './config.ts';

/** Class 0 is CTC's blank, class d + 1 the digit d. */
export const classes = 11;

/** What the network says: logits `[T', N, 11]` and how many of the T' steps of each utterance count. */
export interface Reading {
  readonly logits: Tensor;
  readonly lengths: Int32Array;
}

/**
 * Log-mel frames → one strided convolution, which shortens the sequence, → bidirectional LSTM layers → a class for each
 * step, to be read by CTC (Graves et al. 2006).
 */
export class DigitRecognizer extends Module {
  convolution: Conv1d;
  norm: LayerNorm;
  lstm: LSTM;
  head: Linear;
  dropout: Dropout;

  constructor(backend: Backend, config: ModelConfig, generator: Generator) {
    super();
    const { features, convolution, hiddenSize, layers, dropout } = config;
    const common = { backend, generator };
    this.convolution = new Conv1d({ ...common, inputSize: features.bands, outputSize: convolution.size, kernelSize: convolution.kernel, stride: convolution.stride, padding: Math.floor(convolution.kernel / 2) });
    this.norm = new LayerNorm({ ...common, size: convolution.size });
    this.lstm = new LSTM({ ...common, inputSize: convolution.size, hiddenSize, numLayers: layers, bidirectional: true, dropout });
    this.head = new Linear({ ...common, inputSize: 2 * hiddenSize, outputSize: classes });
    this.dropout = new Dropout({ rate: dropout, generator });
  }

  /** @param x `[T, N, bands]` with the frames of each utterance in `lengths` */
  forward(x: Tensor, lengths: ArrayLike<number>): Reading {
    const after = this.convolution.outputLengths(lengths);
    const steps = relu(this.norm.forward(this.convolution.forward(x, { lengths })));
    const { output } = this.lstm.forward(this.dropout.forward(steps), { lengths: after });
    return { logits: this.head.forward(this.dropout.forward(output)), lengths: after };
  }
}
