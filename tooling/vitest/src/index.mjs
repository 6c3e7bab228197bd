/**
 * The preset of every package's vitest.config.mjs: tests run against the sources of all packages (the
 * `@timestep/source` export condition), so that a change is seen without a build.
 *
 * @param {{ name: string, testTimeout?: number, include?: string[], poolOptions?: object }} options
 */
export function preset({ name, testTimeout = 60_000, include = ['src/**/*.test.ts'], ...rest }) {
  const conditions = ['@timestep/source', 'node', 'import', 'module', 'default'];
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: { name, include, testTimeout, environment: 'node', ...rest },
  };
}
