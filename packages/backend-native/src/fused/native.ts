import type { CpuBackend } from '@timestep/backend-cpu/extend';
import type { Description } from '../dnnl/functions.ts';
import type { Dnnl } from '../dnnl/library.ts';
import type { RecurrentPrimitives } from '../dnnl/primitives.ts';
import type { WeightPorter } from '../dnnl/recurrent.ts';
import type { NativeMemory } from '../libraries/address.ts';

/** What the recurrent operations work with. */
export interface Native {
  readonly backend: CpuBackend;
  readonly dnnl: Dnnl;
  readonly memory: NativeMemory;
  readonly primitives: RecurrentPrimitives;
  /** Multiplications and additions of a step's product from which on the library is used */
  readonly threshold: number;
  /** Sets the number of OpenMP's threads to the backend's. */
  useThreads(): void;
}

/** Scratch memory of one operation: `scratch(bytes)` gives an offset in the backend's memory. */
export type Scratch = (bytes: number) => number;

/** A weight in the library's layout, made once for all the pieces of a sequence that want the same layout. */
export class PackedWeight {
  readonly #native: Native;
  readonly #scratch: Scratch;
  readonly #source: number;
  #layout: Description | null = null;
  #packed = 0;

  /** @param source offset of the weight in PyTorch's layout, its gates in the library's order */
  constructor(native: Native, scratch: Scratch, source: number) {
    this.#native = native;
    this.#scratch = scratch;
    this.#source = source;
  }

  /** The offset of the packed weight. */
  get(porter: WeightPorter): number {
    const { dnnl, memory } = this.#native;
    if (this.#layout === null || !dnnl.same(this.#layout, porter.layout)) {
      this.#packed = this.#scratch(porter.bytes);
      this.#layout = porter.layout;
      porter.run(memory.at(this.#source), memory.at(this.#packed));
    }
    return this.#packed;
  }
}

/** A weight's gradient in the library's layout, which every piece adds to. */
export class GradientSum {
  readonly #native: Native;
  readonly #scratch: Scratch;
  #porter: WeightPorter | null = null;
  #packed = 0;

  constructor(native: Native, scratch: Scratch) {
    this.#native = native;
    this.#scratch = scratch;
  }

  /** The offset of the sum, zero at first. */
  get(porter: WeightPorter): number {
    if (this.#porter === null) {
      this.#porter = porter;
      this.#packed = this.#scratch(porter.bytes);
      const { f32 } = this.#native.backend.engine;
      f32.fill(0, this.#packed / 4, (this.#packed + porter.bytes) / 4);
    } else if (!this.#native.dnnl.same(this.#porter.layout, porter.layout)) {
      throw new Error('oneDNN: two primitives of one layer want its gradient in different layouts');
    }
    return this.#packed;
  }

  /** Copies the sum to `target`, an offset, in PyTorch's layout. */
  finish(target: number): void {
    const { memory } = this.#native;
    this.#porter!.run(memory.at(this.#packed), memory.at(target));
  }
}
