import type { ReferenceBackend } from '../reference/backend.ts';
import { tamper, whileHolding, type BrokenBackend, type Fault } from './broken-backend.ts';

type Rows = Pick<ReferenceBackend['fused'], 'linear' | 'softmax' | 'logSoftmax' | 'crossEntropy' | 'layerNorm'>;

function withRows(change: Partial<Rows>): Fault {
  return { fused: change };
}

/** Faults of the fused operations over rows. */
export const brokenRows: readonly BrokenBackend[] = [
  {
    fault: 'linear forgets the bias',
    caughtBy: 'linear forward: odd sizes',
    breakIt: ({ fused: { linear } }) =>
      withRows({ linear: { ...linear, forward: (spec, inputs) => linear.forward(spec, { ...inputs, bias: null }) } }),
  },
  {
    fault: 'the gradient of the bias of linear is that of one row',
    caughtBy: 'linear backward: only the bias is wanted',
    breakIt: ({ fused: { linear } }, heap) =>
      withRows({
        linear: {
          ...linear,
          backward(spec, call) {
            const found = linear.backward(spec, call);
            if (spec.rows > 0)
              tamper(heap, found.bias, (values) =>
                values.set(heap.floats('broken', call.gradients.y).subarray(0, spec.outputSize)),
              );
            return found;
          },
        },
      }),
  },
  {
    fault: 'softmax does not shift by the maximum',
    caughtBy: 'softmax forward: logits around 1,000',
    breakIt: ({ fused: { softmax } }, heap) =>
      withRows({
        softmax: {
          ...softmax,
          forward(spec, inputs) {
            const result = softmax.forward(spec, inputs);
            const x = heap.floats('broken', inputs.x);
            tamper(heap, result.outputs.y, (y) => {
              for (let row = 0; row < spec.rows; row++) {
                const weights = x
                  .subarray(row * spec.classes, (row + 1) * spec.classes)
                  .map((value) => Math.fround(Math.exp(value)));
                const sum = weights.reduce((total, weight) => total + weight, 0);
                y.set(
                  weights.map((weight) => weight / sum),
                  row * spec.classes,
                );
              }
            });
            return result;
          },
        },
      }),
  },
  {
    fault: 'the gradient of softmax lacks the sum over the classes',
    caughtBy: 'softmax backward: odd sizes',
    breakIt: ({ fused: { softmax } }, heap) =>
      withRows({
        softmax: {
          ...softmax,
          backward(spec, call) {
            const found = softmax.backward(spec, call);
            const [y, dy] = [heap.floats('broken', call.outputs.y), heap.floats('broken', call.gradients.y)];
            tamper(heap, found.x, (dx) => dx.forEach((_, n) => (dx[n] = y[n]! * dy[n]!)));
            return found;
          },
        },
      }),
  },
  {
    fault: 'the upstream gradient of cross-entropy is taken for 1',
    caughtBy: 'crossEntropy backward: odd sizes',
    breakIt: ({ fused: { crossEntropy } }, heap) =>
      withRows({
        crossEntropy: {
          ...crossEntropy,
          backward: (spec, call) =>
            whileHolding(
              heap,
              call.gradients.losses,
              (values) => values.fill(1),
              () => crossEntropy.backward(spec, call),
            ),
        },
      }),
  },
  {
    fault: 'ignoreIndex is −100 whatever was asked for',
    caughtBy: 'crossEntropy forward: ignored rows, by a class',
    breakIt: ({ fused: { crossEntropy } }) =>
      withRows({
        crossEntropy: {
          ...crossEntropy,
          forward: (spec, inputs) => crossEntropy.forward({ ...spec, ignoreIndex: -100 }, inputs),
        },
      }),
  },
  {
    fault: 'label smoothing is ignored',
    caughtBy: 'crossEntropy forward: label smoothing',
    breakIt: ({ fused: { crossEntropy } }) =>
      withRows({
        crossEntropy: {
          ...crossEntropy,
          forward: (spec, inputs) => crossEntropy.forward({ ...spec, labelSmoothing: 0 }, inputs),
        },
      }),
  },
  {
    fault: 'layerNorm adds ε outside the root',
    caughtBy: 'layerNorm forward: a large ε',
    breakIt: ({ fused: { layerNorm } }) =>
      withRows({
        layerNorm: {
          ...layerNorm,
          forward: (spec, inputs) => layerNorm.forward({ ...spec, epsilon: spec.epsilon ** 2 }, inputs),
        },
      }),
  },
  {
    fault: 'layerNorm divides the variance by columns − 1',
    caughtBy: 'layerNorm forward: odd sizes',
    breakIt: ({ fused: { layerNorm } }, heap) =>
      withRows({
        layerNorm: {
          ...layerNorm,
          forward(spec, inputs) {
            const result = layerNorm.forward(spec, inputs);
            const bias = inputs.bias && heap.floats('broken', inputs.bias);
            const shrink = Math.sqrt((spec.columns - 1) / Math.max(1, spec.columns));
            tamper(heap, result.outputs.y, (y) => {
              y.forEach((value, n) => {
                const offset = bias?.[n % spec.columns] ?? 0;
                y[n] = (value - offset) * shrink + offset;
              });
            });
            return result;
          },
        },
      }),
  },
];
