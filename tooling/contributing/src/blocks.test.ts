import { expect, it } from 'vitest';
import { applyDiff, blocksOf, stepsOf } from './blocks.ts';

const page = `# Page

### 1. First

\`\`\`diff a.ts
 one
-two
+three
 four
\`\`\`

\`\`\`ts
no file
\`\`\`

### 2. Second

\`\`\`ts b.ts
whole
\`\`\`

## Other
`;

it('finds the blocks that name a file, by step', () => {
  expect(blocksOf(page).map(({ kind, path }) => `${kind} ${path}`)).toEqual(['diff a.ts', 'ts b.ts']);
  expect([...stepsOf(page)].map(([title, blocks]) => [title, blocks.length])).toEqual([
    ['1. First', 1],
    ['2. Second', 1],
  ]);
});

it('applies a diff where its lines are, and only there', () => {
  const [block] = blocksOf(page);
  expect(applyDiff('zero\none\ntwo\nfour\n', block!)).toBe('zero\none\nthree\nfour\n');
  expect(() => applyDiff('one\nfour\n', block!)).toThrow(/does not hold these lines/u);
  expect(() => applyDiff('one\ntwo\nfour\none\ntwo\nfour\n', block!)).toThrow(/twice/u);
  expect(applyDiff('x\n', { kind: 'diff', path: 'a', text: '+y\n' })).toBe('x\ny\n');
});
