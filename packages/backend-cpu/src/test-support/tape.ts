/** A vector in float64 with the gradient that `Tape.backward` adds up. */
export interface Node {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
}

/** Reverse-mode differentiation of vectors in plain float64 loops: the oracle that fused kernels are tested against. */
export class Tape {
  readonly #steps: (() => void)[] = [];

  constant(value: ArrayLike<number>): Node {
    return { value: Float64Array.from(value), gradient: new Float64Array(value.length) };
  }

  /** W·v with W [rows, v.length] */
  product(weight: Node, vector: Node): Node {
    const columns = vector.value.length;
    const out = this.constant(new Float64Array(weight.value.length / columns));
    for (let r = 0; r < out.value.length; r++)
      for (let k = 0; k < columns; k++) out.value[r]! += weight.value[r * columns + k]! * vector.value[k]!;
    this.#steps.push(() => {
      for (let r = 0; r < out.value.length; r++) {
        const d = out.gradient[r]!;
        for (let k = 0; k < columns; k++) {
          weight.gradient[r * columns + k]! += d * vector.value[k]!;
          vector.gradient[k]! += d * weight.value[r * columns + k]!;
        }
      }
    });
    return out;
  }

  add(...terms: readonly Node[]): Node {
    const out = this.constant(terms[0]!.value.map((_, i) => terms.reduce((sum, term) => sum + term.value[i]!, 0)));
    this.#steps.push(() => {
      for (const term of terms) for (let i = 0; i < out.gradient.length; i++) term.gradient[i]! += out.gradient[i]!;
    });
    return out;
  }

  multiply(a: Node, b: Node): Node {
    const out = this.constant(a.value.map((value, i) => value * b.value[i]!));
    this.#steps.push(() => {
      for (let i = 0; i < out.gradient.length; i++) {
        a.gradient[i]! += out.gradient[i]! * b.value[i]!;
        b.gradient[i]! += out.gradient[i]! * a.value[i]!;
      }
    });
    return out;
  }

  /** `length` elements from `start` */
  slice(a: Node, start: number, length: number): Node {
    const out = this.constant(a.value.slice(start, start + length));
    this.#steps.push(() => {
      for (let i = 0; i < length; i++) a.gradient[start + i]! += out.gradient[i]!;
    });
    return out;
  }

  sigmoid(a: Node): Node {
    return this.#map(
      a,
      (x) => 1 / (1 + Math.exp(-x)),
      (y) => y * (1 - y),
    );
  }

  tanh(a: Node): Node {
    return this.#map(a, Math.tanh, (y) => 1 - y * y);
  }

  relu(a: Node): Node {
    return this.#map(
      a,
      (x) => Math.max(x, 0),
      (y) => (y > 0 ? 1 : 0),
    );
  }

  /** 1 − a */
  complement(a: Node): Node {
    return this.#map(
      a,
      (x) => 1 - x,
      () => -1,
    );
  }

  /** Runs the tape backwards from the gradients that its nodes hold. */
  backward(): void {
    while (this.#steps.length > 0) this.#steps.pop()!();
  }

  #map(a: Node, f: (x: number) => number, slope: (y: number) => number): Node {
    const out = this.constant(a.value.map(f));
    this.#steps.push(() => {
      for (let i = 0; i < out.gradient.length; i++) a.gradient[i]! += out.gradient[i]! * slope(out.value[i]!);
    });
    return out;
  }
}
