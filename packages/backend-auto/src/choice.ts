/** The backends that there are, the first choice first. */
export const backendNames = ['webgpu', 'native', 'cpu'] as const;

export type BackendName = (typeof backendNames)[number];

/** A backend that was not taken. */
export interface PassedOver {
  readonly name: BackendName;
  /**
   * `absent`: its package is not installed, or this is no place for it. `unavailable`: it is installed, and there is no
   * device or library for it. `broken`: it is installed and does not load.
   */
  readonly because: 'absent' | 'unavailable' | 'broken';
  /** One line. */
  readonly reason: string;
}

/** What was chosen, and why. */
export interface BackendChoice {
  readonly name: BackendName;
  /** The device in one line, such as `oneDNN 3.7.0 (libdnnl.so.3.7), 8 threads`. */
  readonly device: string;
  /** Those that come before it and were not taken. */
  readonly passedOver: readonly PassedOver[];
  /** All of it in one line. */
  readonly summary: string;
}

export function choiceOf(name: BackendName, device: string, passedOver: readonly PassedOver[]): BackendChoice {
  const reasons = passedOver.map((each) => `${each.name}: ${each.reason}`);
  const summary = `backend ${name} (${device})${reasons.length > 0 ? `; not taken: ${reasons.join('; ')}` : ''}`;
  return { name, device, passedOver, summary };
}
