import { specVersion, type Backend, type FusedOps } from '@timestep/backend-api';
import { describeInWords, type AdapterDescription, type OpenDevice } from './adapter.ts';
import { Runtime, type RuntimeOptions } from './device/runtime.ts';
import { fusedOps } from './fused/index.ts';
import { argmax } from './ops/argmax.ts';
import { binary } from './ops/binary.ts';
import { cast, copy, fill } from './ops/data.ts';
import { gatherAxis, gatherRows } from './ops/gather.ts';
import { matmul } from './ops/matmul.ts';
import { randomBits } from './ops/random.ts';
import { reduce } from './ops/reduce.ts';
import { scatterAddAxis, scatterAddRows } from './ops/scatter.ts';
import { select } from './ops/select.ts';
import { unary } from './ops/unary.ts';
import { Profiler } from './profiler.ts';

/** A WebGPU backend: the contract's methods, the device, its adapter and a profiler. */
export interface WebGpuBackend extends Backend {
  readonly name: 'webgpu';
  /** The adapter it runs on. */
  readonly adapter: AdapterDescription;
  readonly device: GPUDevice;
  readonly profiler: Profiler;
}

/** Implements the contract's methods on a device. */
export function makeBackend({ device, description, owned }: OpenDevice, options: RuntimeOptions): WebGpuBackend {
  const runtime = new Runtime(device, options);
  const fused: FusedOps = fusedOps(runtime);
  let disposal: Promise<void> | null = null;
  return {
    specVersion,
    name: 'webgpu',
    adapter: description,
    device,
    profiler: new Profiler(runtime),
    fused,
    capabilities: {
      device: describeInWords(description),
      software: description.software,
      threads: 1,
      maxBufferBytes: runtime.pool.maxBytes,
    },
    flush: () => {
      runtime.assertLive();
      runtime.stream.submit();
    },
    sync: async () => {
      runtime.assertLive();
      runtime.stream.submit();
      try {
        await device.queue.onSubmittedWorkDone();
      } catch (cause) {
        await runtime.failures.explain(cause);
      }
      await runtime.failures.settle();
      if (runtime.faults.pending) await runtime.read([]);
    },
    dispose: () => (disposal ??= dispose(runtime, owned)),
    [Symbol.asyncDispose]: () => (disposal ??= dispose(runtime, owned)),
    alloc: (dtype, length) => runtime.alloc(dtype, length),
    free: (buffer) => runtime.free(buffer),
    write: (buffer, data) => runtime.write(buffer, data),
    read: async (buffer) => (await runtime.read([buffer]))[0]!,
    readMany: (buffers) => runtime.read(buffers),
    memory: () => runtime.memory(),
    fill: (out, value) => fill(runtime, out, value),
    cast: (input, out) => cast(runtime, input, out),
    copy: (input, out, shape) => copy(runtime, input, out, shape),
    gatherRows: (table, index, out, columns) => gatherRows(runtime, table, index, out, columns),
    scatterAddRows: (values, index, out, columns) => scatterAddRows(runtime, values, index, out, columns),
    gatherAxis: (input, index, out, spec) => gatherAxis(runtime, input, index, out, spec),
    scatterAddAxis: (values, index, out, spec) => scatterAddAxis(runtime, values, index, out, spec),
    unary: (op, input, out, alpha, beta) => unary(runtime, op, input, out, alpha, beta),
    binary: (op, a, b, out, shape) => binary(runtime, op, a, b, out, shape),
    select: (condition, a, b, out, shape) => select(runtime, condition, a, b, out, shape),
    reduce: (op, input, out, spec) => reduce(runtime, op, input, out, spec),
    argmax: (input, out, spec) => argmax(runtime, input, out, spec),
    matmul: (a, b, out, spec) => matmul(runtime, a, b, out, spec),
    randomBits: (out, key, counter) => randomBits(runtime, out, key, counter),
  };
}

async function dispose(runtime: Runtime, owned: boolean): Promise<void> {
  const { device, stream, failures, pool } = runtime;
  stream.submit();
  runtime.disposed = true;
  if (!owned) {
    pool.destroyAll();
    return;
  }
  // Dawn sometimes aborts the process at exit if a device was destroyed while work was running.
  await Promise.race([device.queue.onSubmittedWorkDone().then(() => failures.drain()), device.lost]).catch(
    () => undefined,
  );
  device.destroy();
  await device.lost;
}
