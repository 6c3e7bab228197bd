import { Worker } from 'node:worker_threads';
import type { Batch, TrainingBatchOptions } from './training-batches.ts';

/** Makes training batches on another thread, so that they are ready when the network wants them. */
export interface BatchMaker {
  make(index: number): Promise<Batch>;
  close(): Promise<void>;
}

export function createBatchMaker(options: TrainingBatchOptions): BatchMaker {
  // Run from the sources the worker is TypeScript too, and finds the other packages' sources by the same condition.
  const fromSources = import.meta.url.endsWith('.ts');
  const worker = fromSources
    ? new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData: options, execArgv: ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning'] })
    : new Worker(new URL('./batch-worker.js', import.meta.url), { workerData: options });
  const waiting = new Map<number, { resolve: (batch: Batch) => void; reject: (error: Error) => void }>();
  let failure: Error | null = null;
  const fail = (error: Error): void => {
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('message', ({ index, batch }: { index: number; batch: Batch }) => {
    waiting.get(index)?.resolve(batch);
    waiting.delete(index);
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the thread that makes the training batches has ended')));
  return {
    make: (index) =>
      new Promise((resolve, reject) => {
        if (failure) reject(failure);
        else {
          waiting.set(index, { resolve, reject });
          worker.postMessage(index);
        }
      }),
    close: async () => void (await worker.terminate()),
  };
}
