// The benchmark's own side of Timestep: `node timestep.ts BACKEND THREADS`.
import type { Backend } from '@timestep/backend-api';
import { ctcLoss, matmul, noGrad, openScope, tensor, type Tensor } from '@timestep/core';
import { GRU, LSTM, RNN } from '@timestep/layers';
import { readFileSync } from 'node:fs';
import type { Case, CtcCase, Digest, MatmulCase, RecurrentCase } from '../src/case.ts';
import { digest, fillValues, seedOf, value } from '../src/values.ts';
import { createBackend } from './create-backend.ts';
import { serve, type Work } from './serve.ts';

const [name = 'cpu', threads = '1'] = process.argv.slice(2);
const backend = await createBackend(name, Number(threads));

function values(label: string, shape: readonly number[], scale: number): Tensor {
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  return tensor(backend, fillValues(data, seedOf(label), scale), { shape });
}

/** Waits until the device has done what was asked; on a host backend it already has. */
async function settle(on: Backend): Promise<void> {
  if (on.hostView) return;
  await on.sync();
}

async function digestOf(tensors: Readonly<Record<string, Tensor | null>>): Promise<Digest> {
  const entries = Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== null);
  return Object.fromEntries(await Promise.all(entries.map(async ([key, one]) => [key, digest(await one.data())] as const)));
}

function recurrent(work: RecurrentCase): Work {
  const Layer = { lstm: LSTM, gru: GRU, rnn: RNN }[work.cell];
  const layer = new Layer({ backend, inputSize: work.inputSize, hiddenSize: work.hiddenSize, numLayers: work.layers, bidirectional: work.bidirectional });
  const named = Object.fromEntries(layer.namedParameters());
  for (const [key, parameter] of Object.entries(named)) {
    parameter.assign(fillValues(new Float32Array(parameter.size), seedOf(key), 2 / Math.sqrt(work.hiddenSize)));
  }
  const x = values('x', [work.steps, work.batch, work.inputSize], 2);
  x.requiresGrad = work.training;
  const width = work.hiddenSize * (work.bidirectional ? 2 : 1);
  const upstream = values('upstream', [work.steps, work.batch, width], 2);
  const clear = (): void => {
    for (const leaf of [x, ...Object.values(named)]) {
      leaf.grad?.dispose();
      leaf.grad = null;
    }
  };
  const pass = (): Tensor => {
    if (!work.training) return noGrad(backend, () => layer.forward(x, { lengths: work.lengths }).output);
    const { output } = layer.forward(x, { lengths: work.lengths });
    output.backward(upstream);
    return output;
  };
  return {
    async result() {
      using _scope = openScope(backend);
      const output = pass();
      const gradients = work.training ? Object.fromEntries(Object.entries({ x, ...named }).map(([key, leaf]) => [`d ${key}`, leaf.grad])) : {};
      const result = await digestOf({ output, ...gradients });
      clear();
      return result;
    },
    async run() {
      using _scope = openScope(backend);
      pass();
      backend.flush();
      await settle(backend);
      clear();
    },
    dispose() {
      layer.dispose();
      x.dispose();
      upstream.dispose();
    },
  };
}

function product(work: MatmulCase): Work {
  const [a, b] = [values('a', [work.m, work.k], 1), values('b', [work.k, work.n], 1)];
  return {
    async result() {
      using _scope = openScope(backend);
      return await digestOf({ product: matmul(a, b) });
    },
    async run() {
      matmul(a, b).dispose();
      await settle(backend);
    },
    dispose() {
      a.dispose();
      b.dispose();
    },
  };
}

function ctc(work: CtcCase): Work {
  const logits = values('logits', [work.steps, work.batch, work.classes], 4);
  logits.requiresGrad = true;
  const upstream = values('upstream', [work.batch], 2);
  const targets = Array.from({ length: work.batch }, (_, n) => Array.from({ length: work.targetLength }, (_, k) => 1 + Math.floor((value(n * work.targetLength + k, 9) + 0.5) * (work.classes - 1))));
  const pass = (): Tensor => {
    const losses = ctcLoss(logits, { targets });
    losses.backward(upstream);
    return losses;
  };
  const clear = (): void => {
    logits.grad?.dispose();
    logits.grad = null;
  };
  return {
    async result() {
      using _scope = openScope(backend);
      const losses = pass();
      const result = await digestOf({ losses, 'd logits': logits.grad });
      clear();
      return result;
    },
    async run() {
      using _scope = openScope(backend);
      pass();
      await settle(backend);
      clear();
    },
    dispose() {
      logits.dispose();
      upstream.dispose();
    },
  };
}

function prepare(work: Case): Work {
  if (work.kind === 'recurrent') return recurrent(work);
  return work.kind === 'matmul' ? product(work) : ctc(work);
}

const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('@timestep/core/package.json')), 'utf8')) as { version: string };
await serve({ version, device: backend.capabilities.device }, prepare);
await backend.dispose();
