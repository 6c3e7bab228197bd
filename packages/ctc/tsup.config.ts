import { library } from '@timestep/tooling-tsup';

export default library({
  index: 'src/index.ts',
  'node/index': 'src/node/index.ts',
  'node/decode-worker': 'src/node/decode-worker.ts',
});
