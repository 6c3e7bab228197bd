import { createCpuBackend } from '@timestep/backend-cpu';
import { addingRace } from './figures/adding-race.ts';
import { attentionPicture } from './figures/attention-picture.ts';
import { movingDot } from './figures/moving-dot.ts';
import { publishedSums, publishedTasks } from './figures/published-tasks.ts';
import { longLag } from './long-lag.ts';

/** Remakes the figures of docs/systems.md: all of them, or those that are named. */
const backend = await createCpuBackend();
const figures = {
  short: () => addingRace(backend, 10, 6000, /^(Elman|Jordan|Fully)/),
  adding: () => addingRace(backend, 50, 3000),
  tasks: () => publishedTasks(backend),
  sums: () => publishedSums(backend),
  dot: () => movingDot(backend),
  lag: async () => {
    for (const lag of [100, 1000, 2000]) {
      const { sequences, learned } = await longLag(backend, lag, 400, 4);
      console.log(`history compressor  lag ${lag}: ${learned ? `learned after ${sequences} sequences` : `not learned in ${sequences}`}`);
    }
  },
  dates: () => attentionPicture(backend, new URL('../../../docs/pictures/date-attention.svg', import.meta.url)),
};
const named = process.argv.slice(2);
const unknown = named.find((name) => !(name in figures));
if (unknown) {
  console.error(`there is no figure '${unknown}'; the figures are ${Object.keys(figures).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const [name, make] of Object.entries(figures)) if (named.length === 0 || named.includes(name)) await make();
}
await backend.dispose();
