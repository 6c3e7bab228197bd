import { hdf5Server } from './serve.ts';
import type { Hdf5Request } from './types.ts';

// The entry file of a Web Worker, started by `hdf5InWorker`. Do not import it.
const serve = hdf5Server();
self.onmessage = async ({ data }: MessageEvent<Hdf5Request>) => self.postMessage(await serve(data));
