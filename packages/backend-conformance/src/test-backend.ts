import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Subject } from './suite/check.ts';
import { conformanceChecks } from './suite/checks/index.ts';
import { Session } from './suite/run.ts';

/**
 * Declares a vitest suite that tests a backend against the contract of `@timestep/backend-api`: it compares every
 * required operation, and every fused operation of the backend, with a float64 reference. A case that the backend
 * refuses is skipped with the reason, unless `required` names it. Each test also fails if it leaks a buffer.
 *
 * @example
 * ```ts
 * // my-backend.test.ts
 * testBackend({ name: 'mine', create: createMyBackend, required: ['lstmSequence forward'] });
 * ```
 *
 * @param subject the backend to test
 * @param options `timeout` of a check in milliseconds, 60,000 by default
 * @throws CheckFailure in a test of the suite, with the expected and the actual values
 */
export function testBackend(subject: Subject, options: { readonly timeout?: number } = {}): void {
  // A software GPU takes seconds for the largest checks.
  const { timeout = 60_000 } = options;
  describe(`${subject.name} keeps the contract`, () => {
    let session: Session | undefined;
    beforeAll(async () => {
      session = await Session.open(subject);
    }, timeout);
    afterAll(() => session?.close());

    for (const check of conformanceChecks) {
      test(
        check.name,
        async ({ skip }) => {
          const outcome = await session!.run(check);
          if (outcome.status === 'failed') throw outcome.error;
          if (outcome.status === 'skipped') skip(outcome.reason);
        },
        timeout,
      );
    }
  });
}
