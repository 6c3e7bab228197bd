export function runExamples(readme: URL, folder?: URL): Promise<{ code: string; expected: string; printed: string }[]>;
