import { library } from '@timestep/tooling-tsup';

export default library({
  index: 'src/index.ts',
  'keras/index': 'src/keras/index.ts',
  'hdf5/index': 'src/hdf5/index.ts',
  'hdf5/web-worker': 'src/hdf5/web-worker.ts',
  'node/index': 'src/node/index.ts',
  'node/hdf5-thread': 'src/node/hdf5-thread.ts',
});
