/** What a scope may own: a tensor. */
export interface Ownable<T> {
  readonly owner: { release(value: T): void } | null;
}

/**
 * Removes a tensor from its scope and returns it; from now on the caller must dispose it.
 *
 * @example
 * ```ts
 * const total = unowned(zeros(backend, [3])); // lives on after the scope closes
 * ```
 */
export function unowned<T extends Ownable<T>>(value: T): T {
  value.owner?.release(value);
  return value;
}
