import { parentPort } from 'node:worker_threads';
import { hdf5Server } from '../hdf5/serve.ts';
import type { Hdf5Request } from '../hdf5/types.ts';

// The entry file of a worker thread, started by `createHdf5Reader`. Do not import it.
const serve = hdf5Server();
parentPort!.on('message', async (request: Hdf5Request) => parentPort!.postMessage(await serve(request)));
