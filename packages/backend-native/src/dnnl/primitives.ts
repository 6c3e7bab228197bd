import type { Dnnl } from './library.ts';
import { RecurrentBackward, RecurrentForward, type RecurrentSizes } from './recurrent.ts';

interface Entry {
  readonly sizes: RecurrentSizes;
  training: RecurrentForward | null;
  inference: RecurrentForward | null;
  backward: RecurrentBackward | null;
}

/** Primitives kept: making one takes about half a millisecond. */
const capacity = 1024;

/** The recurrent primitives by their sizes, the least recently used ones given up. */
export class RecurrentPrimitives {
  readonly #dnnl: Dnnl;
  readonly #entries = new Map<string, Entry>();

  constructor(dnnl: Dnnl) {
    this.#dnnl = dnnl;
  }

  forward(sizes: RecurrentSizes, training: boolean): RecurrentForward {
    const entry = this.#entry(sizes);
    if (training) return (entry.training ??= new RecurrentForward(this.#dnnl, sizes, true));
    return (entry.inference ??= new RecurrentForward(this.#dnnl, sizes, false));
  }

  backward(sizes: RecurrentSizes): RecurrentBackward {
    const entry = this.#entry(sizes);
    return (entry.backward ??= new RecurrentBackward(this.#dnnl, sizes, this.forward(sizes, true)));
  }

  dispose(): void {
    for (const entry of this.#entries.values()) release(entry);
    this.#entries.clear();
  }

  #entry(sizes: RecurrentSizes): Entry {
    const { kind, steps, batch, inputSize, hiddenSize, reverse } = sizes;
    const key = `${kind} ${steps} ${batch} ${inputSize} ${hiddenSize} ${reverse}`;
    const known = this.#entries.get(key);
    const entry = known ?? { sizes, training: null, inference: null, backward: null };
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
