import { testBackend } from './index.ts';
import { createReferenceBackend } from './reference/index.ts';

testBackend({ name: 'reference', create: createReferenceBackend, required: [''] });
