import { createCpuBackend } from '@timestep/backend-cpu';

/** The backend of all tables: its memory is WebAssembly's, so that what slips through the checks shows as a trap. */
export const backend = await createCpuBackend({ threads: 1 });
