import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundle } from './test-support/browser.ts';

// A page that trains stays within 60 KB. The one that keeps every function of core is larger since each function checks its
// arguments: 55.7 KB before these checks, 64.1 KB with them.
const limits = { 'training-page.ts': 60 * 1024, 'whole-page.ts': 66 * 1024 } as const;

test.each(Object.entries(limits))(
  'core, layers and this backend in a page, minified and gzipped: %s takes at most %d bytes',
  async (entry, limit) => {
    const program = await bundle(entry, true);
    const text = new TextDecoder().decode(program);
    // Dawn and anything of Node would be there by mistake.
    expect(text).not.toMatch(/from"node:|require\("/);
    console.log(`${entry}: ${program.length} bytes, ${gzipSync(program, { level: 9 }).length} gzipped`);
    expect(gzipSync(program, { level: 9 }).length).toBeLessThanOrEqual(limit);
  },
);
