import type { OnnxCell } from '../onnx-cell.ts';

/** Exports cells of exactly this class. A subclass may have other equations. */
export function exactly<Kind extends object>(
  kind: abstract new (...given: never[]) => Kind,
  make: (cell: Kind) => OnnxCell,
): (cell: object) => OnnxCell | null {
  return (cell) => (cell instanceof kind && cell.constructor === kind ? make(cell) : null);
}
