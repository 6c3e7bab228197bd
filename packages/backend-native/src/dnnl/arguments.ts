import type { Description, LstmDescriptions } from './functions.ts';

/** So many parameters of a C prototype. */
export function pointers(count: number): string {
  return Array.from({ length: count }, (_, i) => `void *md${i}`).join(', ');
}

/** In the order of the LSTM's arguments. */
export function all(md: LstmDescriptions): (Description | null)[] {
  return [
    md.srcLayer,
    md.srcIter,
    md.srcIterC,
    md.weightsLayer,
    md.weightsIter,
    md.weightsPeephole,
    md.weightsProjection,
    md.bias,
    md.dstLayer,
    md.dstIter,
    md.dstIterC,
  ];
}
