import { Worker } from 'node:worker_threads';
import { generatedData } from '@timestep/train';
import type { BatchSource } from '../app/app.ts';

/** Makes training batches on another thread, so that they are ready when the network wants them. */
export interface BatchMaker<Batch> {
  make(index: number): Promise<Batch>;
  close(): Promise<void>;
}

/**
 * @param script of the other thread, which calls `serveBatches`: TypeScript where the app runs from its sources
 * @param options handed to it
 */
export function createBatchMaker<Batch>(script: URL, options: unknown): BatchMaker<Batch> {
  // The sources of the other packages are found by the condition that this thread was started with.
  const execArgv = script.pathname.endsWith('.ts')
    ? ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning']
    : [];
  const worker = new Worker(script, { workerData: options, execArgv });
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

/** Batches ready before the network wants them. */
const ahead = 4;

/** Batch after batch of another thread; closing it ends the thread. */
export function batchesOfThread<Batch, Options extends { readonly seed: number }>(
  script: URL,
  options: Options,
): BatchSource<Batch> {
  const maker = createBatchMaker<Batch>(script, options);
  return {
    ...generatedData((index) => maker.make(index), { seed: options.seed, ahead }),
    close: () => maker.close(),
  };
}
