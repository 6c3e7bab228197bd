import { library } from '@timestep/tooling-tsup';

export default library({ cli: 'src/cli.ts' }, { platform: 'node', dts: false });
