import { matmul, multiply, reshape, sum, transpose, type Tensor } from '@timestep/core';
import type { Call } from '../operator.ts';
import { DeviceValue, show, sizeOf } from '../value.ts';
import { picked, stridedPlaces, stridesOf } from '../places.ts';

/** A tensor with a letter for each axis. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Computes an Einstein sum: axes with the same letter are multiplied, and axes that the result does not name are summed.
 * It combines two terms at a time, each pair with one batched matrix product.
 */
export function einsum(call: Call, equation: string, tensors: readonly Tensor[]): Tensor {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const parts = left.split(',');
  call.ensure(parts.length === tensors.length, () => `has the equation '${equation}' for ${tensors.length} inputs`);
  const wide = Math.max(0, ...parts.map((part, k) => (part.includes('...') ? tensors[k]!.rank - part.length + 3 : 0)));
  const lengths = new Map<string, number>();
  const terms = parts.map((part, k) => {
    const x = tensors[k]!;
    const labels = lettersOf(part, part.includes('...') ? x.rank - part.length + 3 : 0, wide);
    call.ensure(
      labels.length === x.rank,
      () => `has the equation '${equation}' for an input of shape ${show(x.shape)}`,
    );
    for (const [axis, label] of labels.entries()) {
      const known = lengths.get(label) ?? 1;
      const length = x.shape[axis]!;
      call.ensure(
        known === 1 || length === 1 || known === length,
        () => `has axes '${label}' of length ${known} and ${length}`,
      );
      lengths.set(label, Math.max(known, length));
    }
    return diagonal(call, { x, labels });
  });
  const result = right === undefined ? impliedResult(parts, wide) : lettersOf(right, wide, wide);
  const unknown = result.find((label) => !lengths.has(label));
  call.ensure(unknown === undefined, () => `has the equation '${equation}', whose result names '${unknown}' alone`);
  let total = terms[0]!;
  for (const [k, term] of terms.slice(1).entries()) {
    const later = new Set([...result, ...terms.slice(k + 2).flatMap(({ labels }) => labels)]);
    total = pair(total, term, later);
  }
  total = reduced(total, new Set(result));
  return transpose(
    total.x,
    result.map((label) => total.labels.indexOf(label)),
  );
}

/** The labels of a term, including one for each axis of its ellipsis. */
function lettersOf(part: string, dots: number, wide: number): string[] {
  const [before = '', after] = part.split('...');
  const middle = after === undefined ? [] : Array.from({ length: dots }, (_, k) => `.${wide - dots + k}`);
  return [...before, ...middle, ...(after ?? '')];
}

/** The result without an arrow: the axes of the ellipsis, then the letters that occur once, in alphabetical order. */
function impliedResult(parts: readonly string[], wide: number): string[] {
  const all = parts.flatMap((part) => [...part.replace('...', '')]);
  const once = [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label));
  return [...Array.from({ length: wide }, (_, k) => `.${k}`), ...once.sort()];
}

/** A letter that occurs twice in a term selects the diagonal. */
function diagonal(call: Call, { x, labels }: Term): Term {
  const unique = [...new Set(labels)];
  if (unique.length === labels.length) return { x, labels };
  const strides = stridesOf(x.shape);
  const shape = unique.map((label) => x.shape[labels.indexOf(label)]!);
  const steps = unique.map((label) =>
    strides.reduce((step, stride, axis) => step + (labels[axis] === label ? stride : 0), 0),
  );
  const y = picked(call, new DeviceValue('f32', x), shape, stridedPlaces(shape, steps)) as DeviceValue;
  return { x: y.tensor, labels: unique };
}

/** Sums over the axes that are no longer needed. */
function reduced({ x, labels }: Term, kept: ReadonlySet<string>): Term {
  const axes = labels.flatMap((label, axis) => (kept.has(label) ? [] : [axis]));
  return axes.length === 0 ? { x, labels } : { x: sum(x, axes), labels: labels.filter((label) => kept.has(label)) };
}

/** Combines two terms with one matrix product. Shared axes are its batch if they are kept, and summed otherwise. */
function pair(first: Term, second: Term, later: ReadonlySet<string>): Term {
  const a = reduced(first, new Set([...later, ...second.labels]));
  const b = reduced(second, new Set([...later, ...first.labels]));
  const lengthIn = ({ x, labels }: Term, label: string) => x.shape[labels.indexOf(label)]!;
  const both = a.labels.filter((label) => b.labels.includes(label));
  // An axis of length 1 that is broadcast can't be part of a product.
  if (both.some((label) => lengthIn(a, label) !== lengthIn(b, label))) return broadcast(a, b, later);
  const batch = both.filter((label) => later.has(label));
  const inner = both.filter((label) => !later.has(label));
  const [rows, columns] = [a, b].map(({ labels }) => labels.filter((label) => !both.includes(label))) as [
    string[],
    string[],
  ];
  const size = (term: Term, labels: readonly string[]) => sizeOf(labels.map((label) => lengthIn(term, label)));
  const arranged = (term: Term, groups: readonly (readonly string[])[]) =>
    reshape(
      transpose(
        term.x,
        groups.flat().map((label) => term.labels.indexOf(label)),
      ),
      groups.map((group) => size(term, group)),
    );
  const y = matmul(arranged(a, [batch, rows, inner]), arranged(b, [batch, inner, columns]));
  const labels = [...batch, ...rows, ...columns];
  const shape = labels.map((label) => (a.labels.includes(label) ? lengthIn(a, label) : lengthIn(b, label)));
  return { x: reshape(y, shape), labels };
}

function broadcast(a: Term, b: Term, later: ReadonlySet<string>): Term {
  const labels = [...new Set([...a.labels, ...b.labels])];
  const spread = ({ x, labels: own }: Term) => {
    const order = labels.filter((label) => own.includes(label));
    const moved = transpose(
      x,
      order.map((label) => own.indexOf(label)),
    );
    return reshape(
      moved,
      labels.map((label) => (own.includes(label) ? x.shape[own.indexOf(label)]! : 1)),
    );
  };
  return reduced({ x: multiply(spread(a), spread(b)), labels }, later);
}
