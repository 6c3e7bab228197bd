import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Subject } from './suite/check.ts';
import { conformanceChecks } from './suite/checks/index.ts';
import { Session } from './suite/run.ts';

/**
 * Declares a vitest suite that judges a backend by the contract of `@timestep/backend-api`: every required primitive,
 * and every fused operation that it has, against a float64 reference. A case that the backend refuses is skipped with
 * the reason it gave, unless `required` names it. Each test also fails on a buffer that it leaks.
 *
 * @example
 * // my-backend.test.ts
 * testBackend({ name: 'mine', create: createMyBackend, required: ['lstmSequence forward'] });
 */
export function testBackend(subject: Subject, options: { readonly timeout?: number } = {}): void {
  // A processor that stands in for a GPU takes seconds for the largest checks.
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
