import { fileURLToPath } from 'node:url';

/** The recordings that come with the app: 28 synthetic speakers. As far below `src` as below `dist`. */
export const shippedData = fileURLToPath(new URL('../data', import.meta.url));

/** The script of the thread that makes the training batches: TypeScript where the app runs from its sources. */
export const batchWorker = import.meta.url.endsWith('.ts')
  ? new URL('./data/batch-worker.ts', import.meta.url)
  : new URL('./batch-worker.js', import.meta.url);
