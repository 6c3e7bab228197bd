import {
  ArgumentError,
  type Capabilities,
  type DeviceBuffer,
  type FusedOps,
  type UnaryOp,
} from '@timestep/backend-api';
import { CpuBackend, createEngine, type CpuBackendOptions, type Engine } from '@timestep/backend-cpu/extend';
import { PrimitiveCache } from './dnnl/cache.ts';
import { nativeLayerNorm } from './fused/layer-norm.ts';
import { nativeLstm } from './fused/lstm-sequence.ts';
import { onOneThread } from './fused/one-thread.ts';
import { NativeMemory } from './libraries/address.ts';
import { loadLibrary, type LibraryChoice, type NativeLibrary } from './libraries/load.ts';
import { createMultiply } from './multiply.ts';
import type { Native } from './native.ts';
import { nativeUnary, type NativeUnary } from './ops/unary.ts';
import { nativeProduct } from './products.ts';

export interface NativeBackendOptions extends CpuBackendOptions {
  /** `'auto'` (default) takes oneDNN where it is found, else a BLAS. */
  readonly library?: LibraryChoice;
  /** A library's file, where the system's loader does not know it. */
  readonly path?: string;
  /**
   * Multiplications and additions of a product, or of one step of an LSTM, from which on the library works on all
   * threads; 200,000 by default. Below, our own kernels are done before it has its threads together. A thread that
   * sweeps over a recurrent layer alone calls the library from three tenths of it on. Five times as many elements make
   * it worth the while for tanh and sigmoid, fifteen times as many for a layer normalisation.
   */
  readonly threshold?: number;
}

const defaultThreshold = 200_000;
/** LSTM and GRU 64, 64, 4, 100 in training, some 65,000 a step, take as long with the library as without it. */
const sweepShare = 0.3;
/** A change from our threads to the library's and back costs some 95 µs, on two cores: what is gained must be more. */
const unaryShare = 5;
const layerNormShare = 15;

/** The CPU backend with its heavy work done by a library of the system, on the same memory. */
export class NativeBackend extends CpuBackend {
  override readonly name = 'native';
  declare readonly capabilities: Capabilities;
  declare readonly fused: Required<FusedOps>;
  /** The library that does the work, in one line. */
  readonly library: string;
  readonly #primitives: PrimitiveCache | null;
  readonly #unary: NativeUnary | null = null;

  constructor(engine: Engine, library: NativeLibrary, threshold: number) {
    super(engine);
    this.library = library.description;
    this.capabilities = {
      ...this.capabilities,
      device: `${library.description}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`,
    };
    const memory = new NativeMemory(engine.memory);
    const useThreads = (): void => library.setThreads(engine.threads);
    engine.externalProduct = nativeProduct(library.gemm, memory, useThreads, threshold);
    const sweeps = onOneThread(this.fused, () => library.setThreads(1));
    this.fused = { ...this.fused, ...sweeps };
    this.#primitives = library.dnnl === null ? null : new PrimitiveCache(library.dnnl);
    if (this.#primitives === null) return;
    const native: Native = { engine, memory, primitives: this.#primitives, useThreads };
    this.#unary = nativeUnary(native, unaryShare * threshold);
    this.fused = {
      ...this.fused,
      lstmSequence: nativeLstm(native, threshold, this.fused.lstmSequence),
      layerNorm: nativeLayerNorm(native, layerNormShare * threshold, this.fused.layerNorm),
    };
  }

  override unary(op: UnaryOp, input: DeviceBuffer, out: DeviceBuffer, alpha: number, beta: number): void {
    if (!this.#unary?.(op, input, out)) super.unary(op, input, out, alpha, beta);
  }

  override dispose(): Promise<void> {
    this.#primitives?.dispose();
    return super.dispose();
  }
}

/** The function of the same name in `create.ts`, with the binary of koffi at hand. */
export async function createNativeBackend(options: NativeBackendOptions = {}): Promise<NativeBackend> {
  const threshold = options.threshold ?? defaultThreshold;
  if (!(threshold >= 0))
    throw new ArgumentError(
      `[createNativeBackend] expected threshold to be a number of at least 0, got ${String(threshold)}; leave it out for ${defaultThreshold}`,
    );
  const library = loadLibrary(options.library ?? 'auto', options.path);
  const module = new URL(import.meta.url.endsWith('.ts') ? './multiply.ts' : './multiply.js', import.meta.url).href;
  const engine = await createEngine(options, {
    module,
    createMultiply,
    data: library.multiply,
    threshold: sweepShare * threshold,
  });
  return new NativeBackend(engine, library, threshold);
}
