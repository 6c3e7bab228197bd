import { checkOptions, checkValue, is, type OptionRules } from '@timestep/backend-api';
import type { Runtime } from './device/runtime.ts';

/** The backend's work since the last `reset`. */
export interface ProfileCounters {
  readonly dispatches: number;
  readonly submits: number;
  /** Submits made early because the encoded work reached `workPerSubmit`; counted in `submits` too. */
  readonly splitSubmits: number;
  /** From host to device: data and kernel parameters. */
  readonly bytesWritten: number;
  /** From device to host. */
  readonly bytesRead: number;
  readonly mapAsyncCalls: number;
  /** Device buffers created because the pool had none of the right size. */
  readonly buffersCreated: number;
  readonly pipelinesCreated: number;
  readonly bindGroupsCreated: number;
}

/** One kernel of a profile. */
export interface KernelProfile {
  readonly kernel: string;
  readonly dispatches: number;
  /** GPU time of all its dispatches; null if the backend was created without `timestamps`. */
  readonly milliseconds: number | null;
}

/** Counters and kernels since the last `reset`. */
export interface Profile {
  readonly counters: ProfileCounters;
  /** Sorted by cost, the most expensive kernel first. */
  readonly kernels: readonly KernelProfile[];
}

/**
 * Counts dispatches, submits and bytes, and with `timestamps` measures the GPU time of every dispatch.
 *
 * @example
 * ```ts
 * const backend = await createWebGpuBackend();
 * backend.profiler.reset();
 * await trainingStep();
 * console.log(formatProfile(await backend.profiler.read()));
 * ```
 */
export class Profiler {
  readonly #runtime: Runtime;
  #base: ProfileCounters;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#base = this.#totals();
  }

  #totals(): ProfileCounters {
    const { stream, readback, pool, pipelines } = this.#runtime;
    return {
      ...stream.counters,
      bytesRead: readback.bytesRead,
      mapAsyncCalls: readback.mapCalls,
      buffersCreated: pool.created,
      pipelinesCreated: pipelines.pipelines,
      bindGroupsCreated: pipelines.bindGroups,
    };
  }

  /** Returns the counters since the last reset. `dispatches` includes commands that are not submitted yet. */
  counters(): ProfileCounters {
    const totals = this.#totals();
    const names = Object.keys(totals) as (keyof ProfileCounters)[];
    return Object.fromEntries(names.map((name) => [name, totals[name] - this.#base[name]])) as Record<
      keyof ProfileCounters,
      number
    >;
  }

  /** Returns counters and kernels. Waits for the times of submitted work. */
  async read(): Promise<Profile> {
    const { stream, timeline } = this.#runtime;
    await timeline?.settle();
    const kernels = [...stream.dispatchesByKernel].map(([kernel, dispatches]) => ({
      kernel,
      dispatches,
      milliseconds: timeline === null ? null : (timeline.nanoseconds.get(kernel) ?? 0) / 1e6,
    }));
    kernels.sort((a, b) => (b.milliseconds ?? 0) - (a.milliseconds ?? 0) || b.dispatches - a.dispatches);
    return { counters: this.counters(), kernels };
  }

  /** Sets all counters and times to 0. */
  reset(): void {
    const { stream, timeline } = this.#runtime;
    stream.dispatchesByKernel.clear();
    timeline?.reset();
    this.#base = this.#totals();
  }
}

const profileRules: OptionRules<Profile> = {
  counters: is.object,
  kernels: is.arrayOf(is.object, 'an array of kernels'),
};

/**
 * Formats a profile as a table of plain text.
 *
 * @example
 * ```ts
 * const backend = await createWebGpuBackend();
 * console.log(formatProfile(await backend.profiler.read(), 10)); // averages of 10 steps
 * ```
 *
 * @param steps divides all numbers, to show the average of one training step; 1 by default
 * @throws ArgumentError for anything but a profile, and for `steps` that are not positive
 */
export function formatProfile(profile: Profile, steps = 1): string {
  checkOptions('formatProfile', profile, profileRules);
  checkValue('formatProfile', 'steps', steps, is.number({ above: 0 }));
  const { counters, kernels } = profile;
  const per = (value: number): string =>
    Number.isInteger(value / steps) ? String(value / steps) : (value / steps).toFixed(2);
  const rows = kernels.map(({ kernel, dispatches, milliseconds }) => [
    kernel,
    per(dispatches),
    milliseconds === null ? '–' : (milliseconds / steps).toFixed(3),
  ]);
  const table = [['kernel', 'dispatches', 'GPU ms'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map(([kernel, ...numbers]) =>
    [kernel!.padEnd(widths[0]!), ...numbers.map((each, index) => each.padStart(widths[index + 1]!))].join('  '),
  );
  const totals = Object.entries(counters).map(([name, value]) => `${name} ${per(value as number)}`);
  return [...lines, '', totals.join(' · ')].join('\n');
}
