import { join } from 'node:path';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { house, layers, nodeFolders } from './house.mjs';

const tests = ['**/*.test.ts', '**/*.bench.ts', '**/test-support/**'];

const nodeImports = {
  group: ['node:*', 'fs', 'path', 'os', 'worker_threads', 'module'],
  message: 'Only a `…/node` subpath may import Node modules; take a Storage or a host object as a parameter instead.',
};

/** A minifier renames classes: an error that takes its name from its class would be called `k` in a page. */
const errorNames = {
  selector: 'ClassDeclaration[superClass.name=/Error$/]:not(:has(PropertyDefinition[key.name="name"]))',
  message: "Give the error its name as a string: override readonly name: string = '…'. A minifier renames classes.",
};

/** One block of rules for each package: what it may import of the house. */
function packageRules([name, allowed]) {
  const others = Object.keys(house).filter((other) => other !== name && !allowed.includes(other));
  const foreign = {
    group: others.flatMap((other) => [`@timestep/${other}`, `@timestep/${other}/*`]),
    message: `@timestep/${name} may import only ${allowed.map((other) => `@timestep/${other}`).join(', ') || 'nothing of the house'} (tooling/eslint/src/house.mjs).`,
  };
  const apps = {
    group: ['@timestep/app-*', '@timestep/tooling-*'],
    message: 'Published code never imports apps or tooling.',
  };
  const files = [`packages/${name}/src/**/*.ts`];
  const below = layers
    .filter((layer) => layer.package === name)
    .map(({ folder, mayNotImport }) => ({
      files: [`packages/${name}/src/${folder}/**/*.ts`],
      ignores: tests,
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              foreign,
              apps,
              nodeImports,
              {
                group: [`../${mayNotImport}/*`, `../**/${mayNotImport}/*`],
                message: `${name}/src/${folder} may not import ${name}/src/${mayNotImport} (tooling/eslint/src/house.mjs).`,
              },
            ],
          },
        ],
      },
    }));
  return [
    {
      files,
      ignores: [...tests, ...nodeFolders.map((folder) => `packages/${name}/src/${folder}/**`)],
      rules: { 'no-restricted-imports': ['error', { patterns: [foreign, apps, nodeImports] }] },
    },
    {
      files: nodeFolders.map((folder) => `packages/${name}/src/${folder}/**/*.ts`),
      ignores: tests,
      rules: { 'no-restricted-imports': ['error', { patterns: [foreign, apps] }] },
    },
    ...below,
  ];
}

export default tseslint.config(
  { ignores: ['**/dist/**', '**/build/**', '**/node_modules/**', '**/assembly/**', '**/*.generated.*', '**/runs/**'] },
  // Programs that tests write and remove again, perhaps while this runs.
  { ignores: ['**/.readme-*/**', '**/.types-*/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  // One program for the whole workspace: a program for each tsconfig would check the sources of core thirty times.
  { languageOptions: { parserOptions: { project: [join(import.meta.dirname, '../tsconfig.lint.json')] } } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // Indices that a loop has just bounded are asserted with `!`: typed arrays are indexed on every line here.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Numbers, flags and shapes read well in messages; objects do not.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true },
      ],
      // Arguments come from untyped code as well: checks of them are unnecessary to the compiler alone, and what
      // `Array.isArray` finds in an unknown value is any[].
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A type that only the caller knows, such as that of a file's contents.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // What a backend saved comes back through the contract, which knows no backend's classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `() => stop()` and `return fail()` read well; strings here are spread by code point on purpose.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // A function may be async to turn what it throws into a rejection.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['packages/*/src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', errorNames] } },
  { files: ['apps/**/*.ts', 'tooling/**/*.ts', ...tests], rules: { 'no-console': 'off' } },
  {
    // Messages of tests show whatever a value was.
    files: ['packages/backend-conformance/**/*.ts', 'tooling/**/*.ts', ...tests],
    rules: {
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        WebAssembly: 'readonly',
        performance: 'readonly',
      },
    },
  },
  ...Object.entries(house).flatMap(packageRules),
  // Scripts in plain JavaScript, the tools' own settings and the programs of the READMEs are in no tsconfig; apps are
  // checked without types.
  {
    files: ['**/*.mjs', '**/*.js', '**/*.config.ts', '**/.readme-*/**', 'apps/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
