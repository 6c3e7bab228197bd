import type { Backend } from '@timestep/backend-api';
import { createReferenceBackend } from '../reference/index.ts';
import { CheckFailure, SkipCheck, type Check, type CheckContext, type Subject } from './check.ts';

/** The result of a check. */
export type Outcome =
  | { readonly name: string; readonly status: 'passed' }
  | { readonly name: string; readonly status: 'skipped'; readonly reason: string }
  | { readonly name: string; readonly status: 'failed'; readonly error: Error };

/**
 * A backend under test and the reference. Use it to run single checks; `runChecks` runs a list of them.
 *
 * @example
 * ```ts
 * const session = await Session.open({ name: 'mine', create: createMyBackend });
 * const outcome = await session.run(conformanceChecks[0]);
 * await session.close();
 * ```
 */
export class Session {
  readonly #subject: Subject;
  readonly #context: CheckContext;

  private constructor(subject: Subject, backend: Backend) {
    this.#subject = subject;
    this.#context = {
      backend,
      reference: createReferenceBackend(),
      nonFinite: subject.nonFinite ?? 'ieee',
      create: async () => subject.create(),
    };
  }

  /** Creates the backend under test. */
  static async open(subject: Subject): Promise<Session> {
    return new Session(subject, await subject.create());
  }

  /** Disposes both backends. */
  async close(): Promise<void> {
    await this.#context.backend.dispose();
    await this.#context.reference.dispose();
  }

  /**
   * Runs one check. The check also fails if it leaves more or fewer live buffers than before. Never throws: the outcome
   * has the error.
   */
  async run(check: Check): Promise<Outcome> {
    const { name } = check;
    const { backend, nonFinite } = this.#context;
    if (check.op !== undefined && backend.fused[check.op] === undefined) {
      return this.#refused(name, `${this.#subject.name} has no fused ${check.op}`);
    }
    if (check.ieee && nonFinite === 'undefined') {
      return {
        name,
        status: 'skipped',
        reason: `${this.#subject.name} leaves the arithmetic of NaN and infinity undefined`,
      };
    }
    try {
      const before = backend.memory();
      await check.run(this.#context);
      await backend.sync();
      const after = backend.memory();
      if (after.buffers !== before.buffers || after.bytes !== before.bytes) {
        throw new CheckFailure(
          `expected as many live buffers after the check as before, ${before.buffers} of ${before.bytes} bytes, got ${after.buffers} of ${after.bytes}; a buffer or a Saved leaks`,
        );
      }
      return { name, status: 'passed' };
    } catch (error) {
      if (error instanceof SkipCheck) return this.#refused(name, error.message);
      return { name, status: 'failed', error: error instanceof Error ? error : new CheckFailure(String(error)) };
    }
  }

  /** The outcome of a case that the backend does not support: a failure if the case is required. */
  #refused(name: string, reason: string): Outcome {
    if (!this.#subject.required?.some((beginning) => name.startsWith(beginning)))
      return { name, status: 'skipped', reason };
    return { name, status: 'failed', error: new CheckFailure(`required, but ${reason}`) };
  }
}

/**
 * Runs checks one after the other, without a test runner: in a page, in a worker, or for your own report.
 *
 * @example
 * ```ts
 * const outcomes = await runChecks({ name: 'mine', create: createMyBackend }, conformanceChecks);
 * const failed = outcomes.filter(({ status }) => status === 'failed');
 * ```
 *
 * @param subject the backend to test
 * @param checks the checks to run, such as `conformanceChecks`
 * @param onOutcome called after each check
 * @returns the outcomes, in the order of `checks`
 */
export async function runChecks(
  subject: Subject,
  checks: readonly Check[],
  onOutcome?: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const session = await Session.open(subject);
  const outcomes: Outcome[] = [];
  try {
    for (const check of checks) {
      const outcome = await session.run(check);
      outcomes.push(outcome);
      onOutcome?.(outcome);
    }
  } finally {
    await session.close();
  }
  return outcomes;
}
