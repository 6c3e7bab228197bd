import { ArgumentError, type Backend } from '@timestep/backend-api';
import type { Tensor } from '../tensor.ts';

/** The gradients of a node's outputs, in their order; null where an output was not used. */
export type OutputGradients = readonly (Tensor | null)[];

/**
 * From the gradients of the outputs to those of the inputs, in the order of the inputs; null where none flows. It runs
 * in a scope of its own: what it does not return is disposed. `wanted[i]` is false where nobody asks. `saved` holds
 * the tensors that were recorded for it: fresh handles, since the user may long have disposed the originals.
 */
export type BackwardFunction = (
  gradients: OutputGradients,
  wanted: readonly boolean[],
  saved: readonly Tensor[],
) => readonly (Tensor | null)[];

/** A saved tensor: a reference of its own to the storage, and the storage's version at that time. */
interface SavedTensor {
  readonly tensor: Tensor;
  readonly version: number;
}

/** Where a gradient goes: into another node's output, or into a leaf. */
export type Edge = { readonly node: Node; readonly output: number } | { readonly leaf: Tensor } | null;

/**
 * One recorded operation. It holds the storages that its backward pass reads, not the tensors: those may be disposed
 * as soon as the user has no more use for them. A node is counted by the tensors and nodes that point to it and lets
 * go of everything when the last of them does, or after its backward pass.
 *
 * @example
 * ```ts
 * const node = loss.node; // the operation that made the tensor, or null
 * console.log(node?.name);
 * ```
 */
export class Node {
  readonly name: string;
  readonly backend: Backend;
  readonly edges: readonly Edge[];
  readonly outputCount: number;
  readonly #backward: BackwardFunction;
  #saved: readonly SavedTensor[];
  readonly #onRelease: (() => void) | undefined;
  #references = 0;
  #released = false;
  /** Its output tensors that no scope owns: the tape disposes them after the backward pass. */
  readonly made = new Set<Tensor>();

  constructor(
    name: string,
    backend: Backend,
    edges: readonly Edge[],
    outputCount: number,
    backward: BackwardFunction,
    saved: readonly Tensor[],
    onRelease?: () => void,
  ) {
    this.name = name;
    this.backend = backend;
    this.edges = edges;
    this.outputCount = outputCount;
    this.#backward = backward;
    this.#saved = saved.map((original) => {
      const tensor = original.detach();
      tensor.owner?.release(tensor);
      return { tensor, version: tensor.storage.version };
    });
    this.#onRelease = onRelease;
    for (const edge of edges) if (edge && 'node' in edge) edge.node.retain();
  }

  get released(): boolean {
    return this.#released;
  }

  backward(gradients: OutputGradients, wanted: readonly boolean[]): readonly (Tensor | null)[] {
    const saved = this.#saved.map(({ tensor, version }) => {
      if (tensor.storage.version !== version) {
        throw new ArgumentError(
          `[backward] a tensor that '${this.name}' needs for its gradient was overwritten after the forward pass; call backward() before assign() or an optimiser step`,
        );
      }
      return tensor.detach();
    });
    return this.#backward(gradients, wanted, saved);
  }

  retain(): void {
    this.#references++;
  }

  /** One holder less. A chain of nodes may be as long as a sequence: it is walked with a list, not by recursion. */
  release(): void {
    const list: Node[] = [this];
    for (let node = list.pop(); node; node = list.pop()) {
      if (--node.#references > 0) continue;
      node.free();
      for (const edge of node.edges) if (edge && 'node' in edge) list.push(edge.node);
    }
  }

  /** Frees what the backward pass would have read. */
  free(): void {
    if (this.#released) return;
    this.#released = true;
    for (const { tensor } of this.#saved) tensor.dispose();
    this.#saved = [];
    this.#onRelease?.();
  }
}
