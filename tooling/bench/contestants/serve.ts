import { createInterface } from 'node:readline';
import type { Case, Digest } from '../src/case.ts';
import { slowMilliseconds, type Hello, type Request } from '../src/protocol.ts';
import { peak, resetPeak } from './memory.ts';

/** A case made ready: runs once with its results, and runs without them. */
export interface Work {
  result(): Promise<Digest>;
  run(): Promise<void> | void;
  dispose(): void;
}

type Prepared = Work | { readonly unsupported: string };

/** Answers the benchmark's requests until its input ends. */
export async function serve(hello: Hello, prepare: (work: Case) => Prepared | Promise<Prepared>): Promise<void> {
  const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
  let work: Work | null = null;
  let idleBytes = 0;
  say(hello);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    if (request.type === 'prepare') {
      work?.dispose();
      work = null;
      (globalThis as { gc?: () => void }).gc?.();
      idleBytes = resetPeak();
      const made = await prepare(request.case);
      if ('unsupported' in made) {
        say(made);
        continue;
      }
      work = made;
      const digest = await work.result();
      // The second and later runs are warm; the compiler of the kernels has seen them. A slow one is warm after one.
      let milliseconds = 0;
      for (let i = 0; i < (milliseconds > slowMilliseconds ? 1 : 3); i++) [milliseconds = 0] = await time(work, 1);
      say({ digest, milliseconds });
    } else if (request.type === 'time') say({ milliseconds: work ? await time(work, request.repeats) : [] });
    else say({ idleBytes, peakBytes: peak() });
  }
}

async function time(work: Work, repeats: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await work.run();
    times.push(performance.now() - start);
  }
  return times;
}
