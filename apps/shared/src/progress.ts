import cliProgress from 'cli-progress';

export interface ProgressOptions {
  /** Steps in all */
  readonly total: number;
  /** Steps that an earlier run has done */
  readonly done?: number;
  /** Seconds between two plain lines where the output is no terminal. 10 by default */
  readonly lineSeconds?: number;
  /** Standard output by default */
  readonly stream?: NodeJS.WriteStream;
  /** Milliseconds; the clock by default */
  readonly now?: () => number;
}

/** Shows how far a long job is. */
export interface Progress {
  /** @param details such as `loss 0.31` or `52 lines/s`, shown as they are */
  update(done: number, details: readonly string[]): void;
  /** A line above the bar, or on its own. */
  note(text: string): void;
  stop(): void;
}

/** A bar on a terminal, a plain line every few seconds elsewhere; both end with the time left. */
export function createProgress({
  total,
  done: start = 0,
  lineSeconds = 10,
  stream = process.stdout,
  now = Date.now,
}: ProgressOptions): Progress {
  const began = now();
  const left = (done: number) => {
    const seconds = ((now() - began) / 1000 / Math.max(1, done - start)) * (total - done);
    return done === start ? '' : `${formatSeconds(seconds)} left`;
  };
  return stream.isTTY ? bar(total, start, left, stream) : lines(total, left, stream, lineSeconds * 1000, now);
}

function bar(total: number, start: number, left: (done: number) => string, stream: NodeJS.WriteStream): Progress {
  const shown = new cliProgress.MultiBar(
    { stream, format: '{bar} {value}/{total} {details}', barsize: 24, hideCursor: true, clearOnComplete: false },
    cliProgress.Presets.shades_classic,
  );
  const single = shown.create(total, start, { details: '' });
  return {
    update: (done, details) => single.update(done, { details: [...details, left(done)].join('  ') }),
    note: (text) => shown.log(`${text}\n`),
    stop: () => shown.stop(),
  };
}

function lines(
  total: number,
  left: (done: number) => string,
  stream: NodeJS.WriteStream,
  interval: number,
  now: () => number,
): Progress {
  let last = -Infinity;
  return {
    update(done, details) {
      if (done < total && now() - last < interval) return;
      last = now();
      stream.write(`${[`${done}/${total}`, ...details, done < total ? left(done) : ''].filter(Boolean).join('  ')}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => undefined,
  };
}

/** 75 → `1 min 15 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
