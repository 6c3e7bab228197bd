import { createCpuBackend } from '@timestep/backend-cpu';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { addingRace } from './figures/adding-race.ts';
import { attentionPicture } from './figures/attention-picture.ts';
import { copying } from './figures/copying.ts';
import { latchLags } from './figures/latch.ts';
import { longSums } from './figures/long-sums.ts';
import { movingDot } from './figures/moving-dot.ts';
import { onlineLearning } from './figures/online.ts';
import { originalSums } from './figures/original-sums.ts';
import { policies, rosenbrockValley } from './figures/policies.ts';
import { publishedTasks } from './figures/published-tasks.ts';
import { recomputation } from './figures/recomputation.ts';
import { longLag } from './long-lag.ts';

/** Remakes the figures of docs/systems.md: all of them, or those that are named. `pnpm bench tasks` runs it. */
const { values: options, positionals: named } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: String(availableParallelism()) } },
});
const threads = Number(options.threads);
const backend = await createCpuBackend({ threads });
const picture = (name: string): URL => new URL(`../../../docs/pictures/${name}.svg`, import.meta.url);
const figures: Readonly<Record<string, () => void | Promise<void>>> = {
  short: () => addingRace(backend, 10, 6000, /^(Elman|Jordan|Fully)/),
  adding: () => addingRace(backend, 50, 3000),
  published: () => publishedTasks(backend),
  sums: () => originalSums(backend),
  'long-sums': () => longSums(backend),
  copy: () => copying(backend),
  lags: () => latchLags(backend, picture('lags')),
  compressor: async () => {
    for (const lag of [100, 1000, 2000]) {
      const { sequences, learned } = await longLag(backend, lag, 400, 4);
      console.log(
        `history compressor  lag ${lag}: ${learned ? `learned after ${sequences} sequences` : `not learned in ${sequences}`}`,
      );
    }
  },
  dot: () => movingDot(backend),
  dates: () => attentionPicture(backend, picture('date-attention')),
  policies: () => policies(backend),
  valley: () => rosenbrockValley(),
  online: () => onlineLearning(backend),
  recomputation: () => recomputation(threads),
};
const unknown = named.find((name) => !(name in figures));
if (unknown) {
  console.error(`there is no figure '${unknown}'; the figures are ${Object.keys(figures).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const [name, make] of Object.entries(figures)) if (named.length === 0 || named.includes(name)) await make();
}
await backend.dispose();
