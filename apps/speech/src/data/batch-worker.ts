import { parentPort, workerData } from 'node:worker_threads';
import { createTrainingBatches, type TrainingBatchOptions } from './training-batches.ts';

// The other end of `createBatchMaker`: makes the batches it is asked for, one number after another.
const make = createTrainingBatches(workerData as TrainingBatchOptions);
parentPort!.on('message', (index: number) => {
  const batch = make(index);
  parentPort!.postMessage({ index, batch }, [batch.data.buffer as ArrayBuffer]);
});
