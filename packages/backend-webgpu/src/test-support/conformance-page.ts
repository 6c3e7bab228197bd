import { conformanceChecks, runChecks } from '@timestep/backend-conformance/checks';
import { createWebGpuBackend } from '../index.ts';
import { knownFailures } from './known-failures.ts';

/** The requests of the test in Node to the page. */
export interface ConformancePage {
  runConformance(): Promise<{ readonly device: string; readonly passed: number; readonly problems: readonly string[] }>;
}

/** Runs the whole suite in the page; a check that is skipped is a problem too, unless it is known to fail. */
async function runConformance(): ReturnType<ConformancePage['runConformance']> {
  const backend = await createWebGpuBackend();
  const { device } = backend.capabilities;
  await backend.dispose();
  const subject = { name: 'webgpu', create: createWebGpuBackend, required: [''], knownFailures };
  const outcomes = await runChecks(subject, conformanceChecks);
  const problems = outcomes.flatMap((outcome) => {
    // A known one that passes is reported as failed.
    if (outcome.status === 'passed' || (outcome.status === 'skipped' && outcome.name in knownFailures)) return [];
    return [`${outcome.name}: ${outcome.status === 'failed' ? outcome.error.message : outcome.reason}`];
  });
  return { device, passed: outcomes.length - problems.length, problems };
}

Object.assign(globalThis, { runConformance } satisfies ConformancePage);
