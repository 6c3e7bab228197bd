import type { LayerNormDescription, Pointer } from './functions.ts';
import { argument, gradientOf, Primitive, type Dnnl } from './library.ts';

export interface LayerNormSizes {
  readonly rows: number;
  readonly columns: number;
  readonly epsilon: number;
  readonly scale: boolean;
  readonly shift: boolean;
}

/** Layer normalisation of one shape; the backward primitive is made at its first use. */
export class LayerNormPrimitives {
  /** `execute([x, y, mean, variance, weight?, bias?])` */
  readonly forward: Primitive;
  readonly #dnnl: Dnnl;
  readonly #sizes: LayerNormSizes;
  readonly #described: LayerNormDescription;
  readonly #description: Pointer;
  #backward: Primitive | null = null;

  constructor(dnnl: Dnnl, sizes: LayerNormSizes) {
    const { rows, columns, epsilon, scale, shift } = sizes;
    this.#dnnl = dnnl;
    this.#sizes = sizes;
    this.#described = {
      data: dnnl.api.describe([rows, columns], [columns, 1]),
      moments: dnnl.api.describe([rows], [1]),
      epsilon,
      scale,
      shift,
    };
    this.#description = dnnl.api.layerNormForward(dnnl.engine, this.#described);
    const { data } = this.#described;
    this.forward = new Primitive(dnnl, this.#description, [
      [argument.from, data],
      [argument.to, data],
      ...this.#momentsAndParameters(),
    ]);
  }

  /** `execute([x, mean, variance, weight?, bias?, dy, dx, dweight?, dbias?])` */
  get backward(): Primitive {
    return (this.#backward ??= this.#createBackward());
  }

  dispose(): void {
    this.forward.dispose();
    this.#backward?.dispose();
    this.#dnnl.destroyDescription(this.#description);
  }

  #createBackward(): Primitive {
    const { data } = this.#described;
    const description = this.#dnnl.api.layerNormBackward(this.#dnnl.engine, this.#described, this.#description);
    const primitive = new Primitive(this.#dnnl, description, [
      [argument.from, data],
      ...this.#momentsAndParameters(),
      [argument.to + gradientOf, data],
      [argument.from + gradientOf, data],
      ...this.#parameters(argument.gradientScale, argument.gradientShift),
    ]);
    this.#dnnl.destroyDescription(description);
    return primitive;
  }

  #momentsAndParameters(): (readonly [number, LayerNormDescription['data']])[] {
    const { moments } = this.#described;
    return [
      [argument.mean, moments],
      [argument.variance, moments],
      ...this.#parameters(argument.scale, argument.shift),
    ];
  }

  #parameters(scale: number, shift: number): (readonly [number, LayerNormDescription['data']])[] {
    const md = this.#dnnl.api.describe([this.#sizes.columns], [1]);
    return [...(this.#sizes.scale ? [[scale, md] as const] : []), ...(this.#sizes.shift ? [[shift, md] as const] : [])];
  }
}
