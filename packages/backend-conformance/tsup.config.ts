import { library } from '@timestep/tooling-tsup';

export default library({ index: 'src/index.ts', reference: 'src/reference/index.ts' });
