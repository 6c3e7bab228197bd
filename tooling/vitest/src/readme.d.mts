export function runExamples(readme: URL): Promise<{ code: string; expected: string; printed: string }[]>;
