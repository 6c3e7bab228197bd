import type { Dnnl } from './library.ts';
import { LstmBackward, LstmForward, type LstmSizes } from './lstm.ts';

interface Entry {
  training: LstmForward | null;
  inference: LstmForward | null;
  backward: LstmBackward | null;
}

/** Primitives kept: making one takes about half a millisecond. */
const capacity = 64;

/** The primitives by their sizes, the least recently used ones given up. */
export class LstmPrimitives {
  readonly #dnnl: Dnnl;
  readonly #entries = new Map<string, Entry>();

  constructor(dnnl: Dnnl) {
    this.#dnnl = dnnl;
  }

  forward(sizes: LstmSizes, training: boolean): LstmForward {
    const entry = this.#entry(sizes);
    if (training) return (entry.training ??= new LstmForward(this.#dnnl, sizes, true));
    return (entry.inference ??= new LstmForward(this.#dnnl, sizes, false));
  }

  backward(sizes: LstmSizes): LstmBackward {
    const entry = this.#entry(sizes);
    return (entry.backward ??= new LstmBackward(this.#dnnl, sizes, this.forward(sizes, true)));
  }

  dispose(): void {
    for (const entry of this.#entries.values()) release(entry);
    this.#entries.clear();
  }

  #entry(sizes: LstmSizes): Entry {
    const { steps, batch, inputSize, hiddenSize, reverse } = sizes;
    const key = `${steps} ${batch} ${inputSize} ${hiddenSize} ${reverse}`;
    const known = this.#entries.get(key);
    const entry = known ?? { training: null, inference: null, backward: null };
    // A map keeps the order of insertion: the first is the one that was not used for longest.
    if (known) this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > capacity) {
      const [oldest, stale] = this.#entries.entries().next().value!;
      release(stale);
      this.#entries.delete(oldest);
    }
    return entry;
  }
}

function release(entry: Entry): void {
  entry.backward?.dispose();
  entry.training?.dispose();
  entry.inference?.dispose();
}
