import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { judge, type Outcome } from './judge.ts';
import { left } from './left.ts';
import { wrongCalls } from './mutations.ts';
import { ranges } from './ranges.ts';
import { packages, type PackageTable, withoutTable } from './tables/index.ts';
import { Watchdog } from './watchdog.ts';

const watchdog = new Watchdog();
const counts = new Map<string, number>();

afterAll(async () => {
  await watchdog.stop();
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', ') + `: ${total} wrong calls`);
});

describe.each(packages)('$name', ({ name, exports, table, without }: PackageTable) => {
  test('every function and class has a right call, or a reason why it has none', () => {
    const called = new Set(table.map((entry) => entry.name.split('.')[0]!));
    const callable = Object.keys(exports).filter((key) => typeof exports[key] === 'function');
    expect(callable.filter((key) => !called.has(key) && !Object.hasOwn(without, key))).toEqual([]);
    expect(Object.keys(without).filter((key) => !callable.includes(key) || called.has(key))).toEqual([]);
  });

  test('a right call made wrong in one place ends in a documented error', async () => {
    const faults = new Map<string, string[]>();
    const accepted: Record<string, string> = {};
    let count = 0;
    for (const entry of table) {
      const call = entry.call as (...args: readonly unknown[]) => unknown;
      watchdog.announce(entry.name);
      expect(await judge(() => call(...entry.args())), `${entry.name}, called right`).toBe('accepted');
      for (const { place, what, args, mustRefuse, beyond } of wrongCalls(entry)) {
        count++;
        watchdog.announce(`${entry.name}: ${place} is ${what}`);
        const outcome = await judge(() => call(...args));
        const fault = faultOf(outcome, mustRefuse);
        const key = `${entry.name}: ${place}`;
        if (beyond && outcome === 'accepted') accepted[key] = `${accepted[key] ?? ''} ${beyond}`.trim();
        if (fault) faults.set(key, [...(faults.get(key) ?? []), `is ${what}: ${fault}`]);
      }
    }
    counts.set(name, count);
    const known = left.map(([call, place]) => `${call}: ${place}`);
    const report = [...faults].filter(([key]) => !known.includes(key));
    expect(report.map(([key, all]) => `${key} ${all[0]} (${all.length} faults)`)).toEqual([]);
    expect(accepted, 'numbers that ranges.ts does not allow, or no longer accepted').toEqual(ranges[name] ?? {});
    const own = known.filter((key) => table.some((entry) => key.startsWith(`${entry.name}: `)));
    expect(
      own.filter((key) => !faults.has(key)),
      'mended: take these off the list',
    ).toEqual([]);
  });
});

test('every package has a table, or a reason why it has none', () => {
  const all = readdirSync(new URL('../../../packages', import.meta.url));
  const known = [...packages.map(({ name }) => name), ...Object.keys(withoutTable)];
  expect(known.toSorted()).toEqual(all.toSorted());
});

test('at least 10,000 calls', () => {
  expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(10_000);
});

function faultOf(outcome: Outcome, mustRefuse: boolean): string | null {
  if (typeof outcome === 'object') return outcome.bare;
  return outcome === 'accepted' && mustRefuse ? 'accepted' : null;
}
