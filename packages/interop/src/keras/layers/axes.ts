import { ensure } from '../../errors.ts';

/** The one axis of a list. */
export function axisOf(axes: readonly number[], where: string): number {
  ensure(
    axes.length === 1 && Number.isInteger(axes[0]),
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} works along the axes ${axes.join(', ')}; one axis can be read`,
  );
  return axes[0]!;
}

/** An axis counted from the front. */
export function fromFront(axis: number, rank: number, where: string): number {
  const place = axis < 0 ? axis + rank : axis;
  ensure(
    Number.isInteger(place) && place >= 0 && place < rank,
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} works along axis ${axis}, but its input has ${rank} axes`,
  );
  return place;
}
