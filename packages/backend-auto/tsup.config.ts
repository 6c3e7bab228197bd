import { library } from '@timestep/tooling-tsup';

export default library();
