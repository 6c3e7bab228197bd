import { library } from '@timestep/tooling-tsup';

export default library(
  { cli: 'src/cli.ts', 'front-cli': 'src/front-cli.ts', 'batch-worker': 'src/data/batch-worker.ts' },
  { platform: 'node', dts: false },
);
