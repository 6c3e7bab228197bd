import { parentPort, workerData } from 'node:worker_threads';

/** The other end of `createBatchMaker`: makes the batches it is asked for, one number after another. */
export function serveBatches<Options, Batch extends { readonly data: Float32Array }>(
  create: (options: Options) => (index: number) => Batch,
): void {
  const make = create(workerData as Options);
  parentPort!.on('message', (index: number) => {
    const batch = make(index);
    parentPort!.postMessage({ index, batch }, [batch.data.buffer as ArrayBuffer]);
  });
}
