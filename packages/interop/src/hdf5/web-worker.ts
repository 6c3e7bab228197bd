import { hdf5Server } from './serve.ts';
import type { Hdf5Request } from './types.ts';

// The whole of a Web Worker: started by `hdf5InWorker`, imported by nobody.
const serve = hdf5Server();
self.onmessage = async ({ data }: MessageEvent<Hdf5Request>) => self.postMessage(await serve(data));
