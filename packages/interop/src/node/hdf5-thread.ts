import { parentPort } from 'node:worker_threads';
import { hdf5Server } from '../hdf5/serve.ts';
import type { Hdf5Request } from '../hdf5/types.ts';

// The entry file of a worker thread, started by `createHdf5Reader`. Do not import it.
const serve = hdf5Server();
const port = parentPort!;
port.on('message', (request: Hdf5Request) => {
  // The server turns what goes wrong into an answer.
  void serve(request).then((answer) => port.postMessage(answer));
});
