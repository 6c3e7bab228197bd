import {
  ArgumentError,
  is,
  UnsupportedError,
  type Backend,
  type FusedOpName,
  type FusedOps,
  type OptionRules,
  type Support,
} from '@timestep/backend-api';
import { checkBackend } from '../check-backend.ts';
import { contextOf, modesOf, type FusedMode } from '../context.ts';

const modes: readonly FusedMode[] = ['auto', 'require', 'off'];

/** Options of every function with a fused form. */
export interface FusedOption {
  /** Overrides the backend's mode for this call; see {@link FusedMode}. */
  readonly fused?: FusedMode | undefined;
}

/**
 * The rules of {@link FusedOption}, for functions that check their options.
 *
 * @example
 * ```ts
 * checkOptions('softmax', { fused: 'off' }, fusedRules);
 * ```
 */
export const fusedRules: OptionRules<FusedOption> = { fused: is.optional(is.oneOf(...modes)) };

/**
 * The backend's fused op where it is to be used for this case, else null. Whether it is used is decided by what the
 * backend says it supports, never by trying and catching.
 *
 * @example
 * ```ts
 * chooseFused(backend, 'softmax', 'auto', (fused) => fused.supports(spec));
 * ```
 *
 * @throws UnsupportedError under `require`, with the backend's reason; ArgumentError for a mode that there is not
 */
export function chooseFused<Name extends FusedOpName>(
  backend: Backend,
  name: Name,
  mode: FusedMode | undefined,
  supports: (op: NonNullable<FusedOps[Name]>) => Support,
): NonNullable<FusedOps[Name]> | null {
  const chosen = mode ?? modesOf(backend).fused;
  if (!modes.includes(chosen))
    throw new ArgumentError(`[${name}] expected fused to be one of ${modes.join(', ')}, got ${String(chosen)}`);
  const op = chosen === 'off' ? undefined : backend.fused[name];
  const support = op ? supports(op) : `backend '${backend.name}' has no fused ${name}`;
  if (chosen === 'require' && support !== true) {
    throw new UnsupportedError(
      `[${name}] fused: 'require' was asked for, but ${support}; use fused: 'auto' to fall back`,
    );
  }
  const used = op && support === true ? op : null;
  const { fusedCounts } = contextOf(backend);
  const counts = fusedCounts.get(name) ?? { fused: 0, fallback: 0 };
  counts[used ? 'fused' : 'fallback']++;
  fusedCounts.set(name, counts);
  return used;
}

/**
 * How often each op with a fused form has run so far on this backend, and in which form.
 *
 * @example
 * ```ts
 * console.log(fusedReport(backend));
 * ```
 */
export function fusedReport(
  backend: Backend,
): Readonly<Partial<Record<FusedOpName, { fused: number; fallback: number }>>> {
  checkBackend('fusedReport', backend);
  return Object.fromEntries([...contextOf(backend).fusedCounts].map(([name, counts]) => [name, { ...counts }]));
}
