import { conformanceChecks, runChecks } from '@timestep/backend-conformance/checks';
import { createWebGpuBackend } from '../index.ts';

/** The requests of the test in Node to the page. */
export interface ConformancePage {
  runConformance(): Promise<{ readonly device: string; readonly passed: number; readonly problems: readonly string[] }>;
}

/** Runs the whole suite in the page; a check that is skipped is a problem too. */
async function runConformance(): ReturnType<ConformancePage['runConformance']> {
  const backend = await createWebGpuBackend();
  const { device } = backend.capabilities;
  await backend.dispose();
  const subject = { name: 'webgpu', create: createWebGpuBackend, required: [''] };
  const outcomes = await runChecks(subject, conformanceChecks);
  const problems = outcomes.flatMap((outcome) => {
    if (outcome.status === 'passed') return [];
    return [`${outcome.name}: ${outcome.status === 'failed' ? outcome.error.message : outcome.reason}`];
  });
  return { device, passed: outcomes.length - problems.length, problems };
}

Object.assign(globalThis, { runConformance } satisfies ConformancePage);
