// ONNX Runtime's side of the benchmark, inference alone: `node ort.ts THREADS`.
import { createCpuBackend } from '@timestep/backend-cpu';
import { exportOnnx } from '@timestep/interop';
import { GRU, LSTM, RNN } from '@timestep/layers';
import { createRequire } from 'node:module';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Case, RecurrentCase } from '../src/case.ts';
import { digest, fillValues, seedOf } from '../src/values.ts';
import { serve, type Work } from './serve.ts';

// The package is CommonJS with a native addon, and its own types do not say what `require` gives.
const require = createRequire(import.meta.url);
const ort = require('onnxruntime-node') as { InferenceSession: typeof InferenceSession; Tensor: typeof Tensor };
const { version } = require('onnxruntime-node/package.json') as { version: string };
const threads = Number(process.argv[2] ?? 1);

/** The same layer with the same weights, as a model of ONNX. */
async function modelOf(work: RecurrentCase): Promise<Uint8Array> {
  const backend = await createCpuBackend({ threads: 1 });
  const Layer = { lstm: LSTM, gru: GRU, rnn: RNN }[work.cell];
  const layer = new Layer({
    backend,
    inputSize: work.inputSize,
    hiddenSize: work.hiddenSize,
    numLayers: work.layers,
    bidirectional: work.bidirectional,
  });
  for (const [key, parameter] of layer.namedParameters()) {
    parameter.assign(fillValues(new Float32Array(parameter.size), seedOf(key), 2 / Math.sqrt(work.hiddenSize)));
  }
  const bytes = await exportOnnx(layer);
  await backend.dispose();
  return bytes;
}

async function prepare(work: Case): Promise<Work | { readonly unsupported: string }> {
  if (work.kind !== 'recurrent') return { unsupported: 'it has recurrent layers and products, and no training' };
  if (work.training) return { unsupported: 'it only infers' };
  if (work.lengths !== null) return { unsupported: 'not compared with lengths' };
  const session = await ort.InferenceSession.create(await modelOf(work), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const shape = [work.steps, work.batch, work.inputSize];
  const x = fillValues(new Float32Array(shape[0]! * shape[1]! * shape[2]!), seedOf('x'), 2);
  const feeds = { x: new ort.Tensor('float32', x, shape) };
  return {
    async result() {
      const { output } = await session.run(feeds, ['output']);
      return { output: digest(output!.data as Float32Array) };
    },
    async run() {
      await session.run(feeds, ['output']);
    },
    dispose() {
      void session.release();
    },
  };
}

await serve({ version, device: `CPU, ${threads} threads` }, prepare);
