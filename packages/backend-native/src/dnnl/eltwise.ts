import type { EltwiseAlgorithm } from './functions.ts';
import { argument, Primitive, type Dnnl } from './library.ts';

export interface EltwiseSizes {
  readonly algorithm: EltwiseAlgorithm;
  readonly length: number;
}

/** A function of each element: `execute([from, to])`; both may be the same. */
export class Eltwise extends Primitive {
  constructor(dnnl: Dnnl, { algorithm, length }: EltwiseSizes) {
    const md = dnnl.api.describe([length], [1]);
    const description = dnnl.api.eltwise(dnnl.engine, algorithm, md);
    super(dnnl, description, [
      [argument.from, md],
      [argument.to, md],
    ]);
    dnnl.destroyDescription(description);
  }
}
