import { describe, expect, it } from 'vitest';
import { CheckFailure, conformanceChecks, runChecks } from '../checks.ts';
import { brokenBackends, createBroken } from './index.ts';

describe('a backend in which one thing is wrong', () => {
  it.each(brokenBackends)('$fault: caught by "$caughtBy"', async (broken) => {
    const check = conformanceChecks.filter(({ name }) => name === broken.caughtBy);
    expect(check, 'the check of this name').toHaveLength(1);
    const [outcome] = await runChecks({ name: 'broken', create: () => createBroken(broken) }, check);
    expect(outcome).toMatchObject({
      name: broken.caughtBy,
      status: 'failed',
      error: expect.any(CheckFailure) as unknown,
    });
  });
});
