/** A fenced block that names a file: a diff of it, or the whole of it. */
export interface Block {
  readonly kind: 'diff' | 'ts';
  readonly path: string;
  readonly text: string;
}

/** The blocks of a page whose first line names a file, such as ```` ```diff packages/core/src/index.ts ````. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(diff|ts) (\S+)\n([\s\S]*?)^```$/gmu)].map(([, kind, path, text]) => ({
    kind: kind as Block['kind'],
    path: path!,
    text: text!,
  }));
}

/** The blocks below each heading of the third level. */
export function stepsOf(page: string): Map<string, Block[]> {
  const sections = page.split(/^### /mu).slice(1);
  return new Map(
    sections.map((section) => {
      const [title] = section.split('\n');
      return [title!, blocksOf(section.split(/^## /mu)[0]!)];
    }),
  );
}

/**
 * Applies a diff without line numbers: its lines without `+` have to stand in the file, one after the other and only
 * once, and are replaced by its lines without `-`.
 *
 * @throws Error where they are not there, or there twice
 */
export function applyDiff(file: string, { path, text }: Block): string {
  const lines = text.split('\n').slice(0, -1);
  const join = (left: '+' | '-'): string =>
    lines
      .filter((line) => !line.startsWith(left))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const [before, after] = [join('+'), join('-')];
  if (before === '') return file + after;
  const at = file.indexOf(before);
  if (at < 0) throw new Error(`${path} does not hold these lines:\n${before}`);
  if (file.includes(before, at + 1)) throw new Error(`${path} holds these lines twice:\n${before}`);
  return file.slice(0, at) + after + file.slice(at + before.length);
}
