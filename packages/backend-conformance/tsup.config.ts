import { library } from '@timestep/tooling-tsup';

export default library({ index: 'src/index.ts', checks: 'src/checks.ts', reference: 'src/reference/index.ts' });
