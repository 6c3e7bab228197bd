import {
  checkOptions,
  ShapeError,
  specVersion,
  type AxisSpec,
  type Backend,
  type BinaryOp,
  type Capabilities,
  type DeviceBuffer,
  type DType,
  type FusedOps,
  type HostArray,
  type HostData,
  type MatmulSpec,
  type MemoryCounters,
  type ReduceOp,
  type ReduceSpec,
  type StreamOp,
  type StridedOperand,
  type UnaryOp,
} from '@timestep/backend-api';
import { cpuRules, createEngine, type CpuBackendOptions } from './engine/create-engine.ts';
import type { Engine } from './engine/engine.ts';
import { processorName } from './engine/host.ts';
import { createFusedOps } from './fused/index.ts';
import { createStream } from './fused/stream.ts';
import { binary } from './ops/binary.ts';
import { copy } from './ops/copy.ts';
import { fill } from './ops/fill.ts';
import { gatherAxis, gatherRows, scatterAddAxis, scatterAddRows } from './ops/gather.ts';
import { matmul } from './ops/matmul.ts';
import { randomBits } from './ops/random.ts';
import { argmax, reduce } from './ops/reduce.ts';
import { select } from './ops/select.ts';
import { cast, unary } from './ops/unary.ts';

/**
 * The CPU backend: WebAssembly kernels on one or more threads. Every operation is finished when its call returns.
 * Created by `createCpuBackend`; extend it to build another backend on it.
 *
 * @example
 * ```ts
 * class LoggingBackend extends CpuBackend {
 *   override fill(out: DeviceBuffer, value: number): void {
 *     console.log('fill', out.length);
 *     super.fill(out, value);
 *   }
 * }
 * const backend = new LoggingBackend(await createEngine({ threads: 2 }));
 * ```
 *
 * @throws DisposedError from every method after `dispose`
 */
export class CpuBackend implements Backend {
  readonly specVersion = specVersion;
  readonly name: string = 'cpu';
  readonly capabilities: Capabilities;
  readonly fused: Required<FusedOps>;
  readonly stream: StreamOp;
  /** Memory, kernels and threads, for a backend that builds on this one. */
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
    this.fused = createFusedOps(engine);
    this.stream = createStream(engine);
    this.capabilities = {
      device: `${processorName()}, WebAssembly SIMD`,
      software: false,
      threads: engine.threads,
      maxBufferBytes: engine.maxBufferBytes,
    };
  }

  flush(): void {
    this.engine.assertAlive();
  }

  sync(): Promise<void> {
    this.engine.assertAlive();
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    return this.engine.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  alloc(dtype: DType, length: number): DeviceBuffer {
    return this.engine.allocate(dtype, length);
  }

  free(buffer: DeviceBuffer): void {
    this.engine.free(buffer);
  }

  write(buffer: DeviceBuffer, data: HostData): void {
    const view = this.hostView(buffer);
    if (data.length !== buffer.length) {
      throw new ShapeError(
        `[write] expected ${buffer.length} elements, got ${data.length}; pass as many as the buffer holds`,
      );
    }
    view.set(data);
  }

  // Asynchronous, so that what it throws is a rejection; it copies at once.
  async read(buffer: DeviceBuffer): Promise<HostArray> {
    return this.#copyOut(buffer);
  }

  async readMany(buffers: readonly DeviceBuffer[]): Promise<HostArray[]> {
    return buffers.map((buffer) => this.#copyOut(buffer));
  }

  memory(): MemoryCounters {
    return this.engine.counters();
  }

  hostView(buffer: DeviceBuffer): HostArray {
    const start = this.engine.address(buffer) / 4;
    const whole = buffer.dtype === 'f32' ? this.engine.f32 : buffer.dtype === 'i32' ? this.engine.i32 : this.engine.u32;
    return whole.subarray(start, start + buffer.length);
  }

  fill(out: DeviceBuffer, value: number): void {
    fill(this.engine, out, value);
  }

  cast(input: DeviceBuffer, out: DeviceBuffer): void {
    cast(this.engine, input, out);
  }

  copy(input: StridedOperand, out: StridedOperand, shape: readonly number[]): void {
    copy(this.engine, input, out, shape);
  }

  gatherRows(table: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void {
    gatherRows(this.engine, table, index, out, columns);
  }

  scatterAddRows(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void {
    scatterAddRows(this.engine, values, index, out, columns);
  }

  gatherAxis(input: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void {
    gatherAxis(this.engine, input, index, out, spec);
  }

  scatterAddAxis(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void {
    scatterAddAxis(this.engine, values, index, out, spec);
  }

  unary(op: UnaryOp, input: DeviceBuffer, out: DeviceBuffer, alpha: number, beta: number): void {
    unary(this.engine, op, input, out, alpha, beta);
  }

  binary(op: BinaryOp, a: StridedOperand, b: StridedOperand, out: DeviceBuffer, shape: readonly number[]): void {
    binary(this.engine, op, a, b, out, shape);
  }

  select(
    condition: StridedOperand,
    a: StridedOperand,
    b: StridedOperand,
    out: DeviceBuffer,
    shape: readonly number[],
  ): void {
    select(this.engine, condition, a, b, out, shape);
  }

  reduce(op: ReduceOp, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void {
    reduce(this.engine, op, input, out, spec);
  }

  argmax(input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void {
    argmax(this.engine, input, out, spec);
  }

  matmul(a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer, spec: MatmulSpec): void {
    matmul(this.engine, a, b, out, spec);
  }

  randomBits(out: DeviceBuffer, key: readonly [number, number], counter: number): void {
    randomBits(this.engine, out, key, counter);
  }

  #copyOut(buffer: DeviceBuffer): HostArray {
    const view = this.hostView(buffer);
    return new (view.constructor as Float32ArrayConstructor)(view);
  }
}

/**
 * Creates the CPU backend.
 *
 * ```ts
 * const backend = await createCpuBackend({ threads: 2 });
 * ```
 */
export async function createCpuBackend(options: CpuBackendOptions = {}): Promise<CpuBackend> {
  checkOptions('createCpuBackend', options, cpuRules);
  return new CpuBackend(await createEngine(options));
}
