import {
  checkOptions,
  is,
  type Capabilities,
  type DeviceBuffer,
  type FusedOps,
  type OptionRules,
  type UnaryOp,
} from '@timestep/backend-api';
import { CpuBackend, cpuRules, createEngine, type CpuBackendOptions, type Engine } from '@timestep/backend-cpu/extend';
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

/** Options of `createNativeBackend`. */
export interface NativeBackendOptions extends CpuBackendOptions {
  /** `'auto'` (default) takes oneDNN if it is installed, otherwise a BLAS. */
  readonly library?: LibraryChoice;
  /** The file of the library, if the system's loader does not find it. */
  readonly path?: string;
  /**
   * The number of multiply-adds in a product, or in one step of an LSTM, from which the library is used on all threads;
   * 200,000 by default. For smaller products our own kernels finish before the library has started its threads. Inside
   * a recurrent layer, where each thread calls the library alone, the limit is 0.3 times this number. For tanh and
   * sigmoid it is 5 times as many elements, for a layer normalisation 15 times.
   */
  readonly threshold?: number;
}

const nativeRules: OptionRules<NativeBackendOptions> = {
  ...cpuRules,
  library: is.optional(is.oneOf('auto', 'onednn', 'blas')),
  path: is.optional(is.string),
  threshold: is.optional(is.number({ min: 0, infinite: true })),
};

const defaultThreshold = 200_000;
/** Training LSTM and GRU 64, 64, 4, 100 (about 65,000 a step) takes the same time with and without the library. */
const sweepShare = 0.3;
/** Switching from our threads to the library's and back costs about 95 µs on two cores. The gain must exceed that. */
const unaryShare = 5;
const layerNormShare = 15;

/**
 * A CPU backend that calls a library of the system for expensive operations, on the same memory. Created by
 * `createNativeBackend`.
 *
 * @example
 * ```ts
 * const backend: NativeBackend = await createNativeBackend();
 * console.log(backend.library); // oneDNN 2.6.3 (libdnnl.so.2)
 * await backend.dispose();
 * ```
 */
export class NativeBackend extends CpuBackend {
  override readonly name = 'native';
  declare readonly capabilities: Capabilities;
  declare readonly fused: Required<FusedOps>;
  /** The name and version of the library, in one line. */
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

/**
 * Creates the backend. The function of the same name in `create.ts` imports this module, and with it koffi's binary.
 */
export async function createNativeBackend(options: NativeBackendOptions = {}): Promise<NativeBackend> {
  checkOptions('createNativeBackend', options, nativeRules);
  const threshold = options.threshold ?? defaultThreshold;
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
