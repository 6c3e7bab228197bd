import { library } from '@timestep/tooling-tsup';

export default library({ index: 'src/index.ts', multiply: 'src/multiply.ts' });
