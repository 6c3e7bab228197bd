import { crossEntropyRows, mean, openScope, tensor, zeros } from '@timestep/core';
import { adamStep, globalNorm } from '@timestep/core/extend';
import { Linear, LSTM, Sequential } from '@timestep/layers';
import { createWebGpuBackend } from '../index.ts';

// The whole of a small training program in a page.
const backend = await createWebGpuBackend();
const model = new Sequential(
  new LSTM({ backend, inputSize: 8, hiddenSize: 32 }),
  new Linear({ backend, inputSize: 32, outputSize: 5 }),
);
const slots = model.parameters().map((parameter) => ({
  parameter,
  firstMoment: zeros(backend, parameter.shape),
  secondMoment: zeros(backend, parameter.shape),
}));
using _scope = openScope(backend);
const logits = model.forward(tensor(backend, new Float32Array(16 * 4 * 8), { shape: [16, 4, 8] }));
mean(crossEntropyRows(logits, tensor(backend, new Int32Array(16 * 4), { shape: [16, 4] }))).backward();
const gradients = slots.map((slot) => ({ ...slot, gradient: slot.parameter.grad! }));
const { factor } = globalNorm(
  gradients.map(({ gradient }) => gradient),
  1,
);
adamStep(
  gradients,
  { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step: 1 },
  factor,
);
Object.assign(globalThis, { logits: await logits.data() });
