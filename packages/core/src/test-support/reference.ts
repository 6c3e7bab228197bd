// By path, not by name: backend-conformance depends on core, and a devDependency back would be a cycle.
export { createReferenceBackend } from '../../../backend-conformance/src/reference/index.ts';
