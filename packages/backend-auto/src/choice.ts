/**
 * The names of the backends, in the order in which `createBackend('auto')` tries them.
 *
 * @example
 * ```ts
 * backendNames.join(', '); // webgpu, native, cpu
 * ```
 */
export const backendNames = ['webgpu', 'native', 'cpu'] as const;

/** The name of a backend. */
export type BackendName = (typeof backendNames)[number];

/** A backend that was not chosen, and why. */
export interface PassedOver {
  readonly name: BackendName;
  /**
   * `absent`: its package is not installed, or it cannot run on this platform. `unavailable`: it is installed, but
   * finds no device or library. `broken`: it is installed but does not load.
   */
  readonly because: 'absent' | 'unavailable' | 'broken';
  /** One line. */
  readonly reason: string;
}

/** The backend that was chosen, and why. */
export interface BackendChoice {
  readonly name: BackendName;
  /** The device in one line, such as `oneDNN 3.7.0 (libdnnl.so.3.7), 8 threads`. */
  readonly device: string;
  /** The backends that were tried first and not chosen. */
  readonly passedOver: readonly PassedOver[];
  /** All of it in one line. */
  readonly summary: string;
}

export function choiceOf(name: BackendName, device: string, passedOver: readonly PassedOver[]): BackendChoice {
  const reasons = passedOver.map((each) => `${each.name}: ${each.reason}`);
  const summary = `backend ${name} (${device})${reasons.length > 0 ? `; not taken: ${reasons.join('; ')}` : ''}`;
  return { name, device, passedOver, summary };
}
