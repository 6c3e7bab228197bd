import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundle } from './test-support/browser.ts';

const limit = 60 * 1024;

test.each(['training-page.ts', 'whole-page.ts'])(
  'core, layers and this backend in a page, minified and gzipped, take at most 60 KB: %s',
  async (entry) => {
    const program = await bundle(entry, true);
    const text = new TextDecoder().decode(program);
    // Dawn and anything of Node would be there by mistake.
    expect(text).not.toMatch(/from"node:|require\("/);
    console.log(`${entry}: ${program.length} bytes, ${gzipSync(program, { level: 9 }).length} gzipped`);
    expect(gzipSync(program, { level: 9 }).length).toBeLessThanOrEqual(limit);
  },
);
