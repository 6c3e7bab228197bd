// TensorFlow.js's side of the benchmark, on its WebAssembly backend: `node tfjs.ts`. It has one thread in Node.
import type * as Wasm from '@tensorflow/tfjs-backend-wasm';
import type * as TensorFlow from '@tensorflow/tfjs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Case, Digest, RecurrentCase } from '../src/case.ts';
import { digest, fillValues, seedOf } from '../src/values.ts';
import { serve, type Work } from './serve.ts';

// Its packages are CommonJS for Node.
const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs') as typeof TensorFlow;
const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof Wasm;

wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm'))}/`);
await tf.setBackend('wasm');
await tf.ready();

type Tensor = TensorFlow.Tensor;
type Variable = TensorFlow.Variable;

function values(label: string, shape: number[], scale: number): Tensor {
  return tf.tensor(
    fillValues(new Float32Array(shape.reduce((product, size) => product * size, 1)), seedOf(label), scale),
    shape,
  );
}

function digestOf(tensor: Tensor): { projection: number; norm: number } {
  return digest(tensor.dataSync());
}

const gateCount = { lstm: 4, gru: 3, rnn: 1 } as const;

/**
 * One layer in one direction. Its kernels are PyTorch's weights transposed, with the gates in the same order, and one
 * bias.
 */
function recurrent(work: RecurrentCase): Work {
  const { inputSize, hiddenSize, steps, batch } = work;
  const rows = gateCount[work.cell] * hiddenSize;
  const options = {
    units: hiddenSize,
    returnSequences: true,
    unitForgetBias: false,
    recurrentActivation: 'sigmoid' as const,
  };
  const layer =
    work.cell === 'lstm' ? tf.layers.lstm(options) : tf.layers.simpleRNN({ units: hiddenSize, returnSequences: true });
  const sequences = (label: string, width: number, scale: number): Tensor =>
    tf.tidy(() => tf.transpose(values(label, [steps, batch, width], scale), [1, 0, 2]));
  const x = tf.variable(sequences('x', inputSize, 2));
  const upstream = sequences('upstream', hiddenSize, 2);
  // The first use makes its weights.
  (layer.apply(x) as Tensor).dispose();
  const scale = 2 / Math.sqrt(hiddenSize);
  tf.tidy(() => {
    layer.setWeights([
      tf.transpose(values('weight_ih_l0', [rows, inputSize], scale)),
      tf.transpose(values('weight_hh_l0', [rows, hiddenSize], scale)),
      tf.add(values('bias_ih_l0', [rows], scale), values('bias_hh_l0', [rows], scale)),
    ]);
  });
  const weights = layer.trainableWeights.map((weight) => weight.read() as Variable);
  const forward = (): Tensor => layer.apply(x) as Tensor;
  const gradients = (): { value: Tensor; grads: Record<string, Tensor> } =>
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it the type is inferred otherwise
    tf.variableGrads(() => tf.sum(tf.mul(forward(), upstream)) as never, [x, ...weights]);
  return {
    result() {
      const output = tf.tidy(() => digestOf(tf.transpose(forward(), [1, 0, 2])));
      if (!work.training) return Promise.resolve({ output });
      const [inputKernel, recurrentKernel, bias] = weights as [Variable, Variable, Variable];
      const found = tf.tidy((): Digest => {
        const { grads } = gradients();
        const biasGradient = digestOf(grads[bias.name]!);
        return {
          output,
          'd x': digestOf(tf.transpose(grads[x.name]!, [1, 0, 2])),
          'd weight_ih_l0': digestOf(tf.transpose(grads[inputKernel.name]!)),
          'd weight_hh_l0': digestOf(tf.transpose(grads[recurrentKernel.name]!)),
          'd bias_ih_l0': biasGradient,
          'd bias_hh_l0': biasGradient,
        };
      });
      return Promise.resolve(found);
    },
    run() {
      tf.tidy(() => {
        if (work.training) gradients();
        else forward().dataSync();
      });
    },
    dispose() {
      layer.dispose();
      x.dispose();
      upstream.dispose();
    },
  };
}

function prepare(work: Case): Work | { readonly unsupported: string } {
  if (work.kind !== 'recurrent') return { unsupported: 'not compared' };
  if (work.cell === 'gru') return { unsupported: 'its GRU resets before the product: another network' };
  if (work.layers > 1 || work.bidirectional || work.lengths !== null || work.lossOnLastStep)
    return { unsupported: 'one layer in one direction with its loss on all steps is compared' };
  return recurrent(work);
}

await serve({ version: tf.version.tfjs, device: 'WebAssembly SIMD, 1 thread' }, prepare);
