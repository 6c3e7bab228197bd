import { library } from '@timestep/tooling-tsup';

export default library({ index: 'src/index.ts', extend: 'src/extend.ts' });
