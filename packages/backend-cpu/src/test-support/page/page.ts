import { work, type Findings, type WorkOptions } from './work.ts';

/** Does the work in a Worker, as an app should. */
function workInWorker(options: WorkOptions): Promise<Findings> {
  return new Promise((resolve, reject) => {
    const worker = new Worker('worker.js', { type: 'module' });
    worker.onerror = (event) => {
      reject(new Error(event.message));
    };
    worker.onmessage = ({ data }: MessageEvent<{ findings?: Findings; error?: string }>) => {
      if (data.findings) resolve(data.findings);
      else reject(new Error(data.error));
    };
    worker.postMessage(options);
  });
}

/** The functions that the test calls. */
Object.assign(globalThis, { work, workInWorker });
