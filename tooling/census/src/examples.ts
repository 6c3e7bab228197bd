import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { isCode, trackedFiles, type Package } from './workspace.ts';

/** A block of TypeScript in a docstring. */
export interface Example {
  /** Where it is, as `file:line`. */
  readonly place: string;
  readonly file: string;
  readonly code: string;
}

/** Every block of TypeScript in the docstrings of these packages. */
export function examplesOf(root: string, packages: readonly Package[]): Example[] {
  const folders = packages.map(({ folder }) => `${relative(root, folder)}/src/`);
  const files = trackedFiles(
    root,
    (path) => isCode(path) && !path.endsWith('.test.ts') && folders.some((folder) => path.startsWith(folder)),
  );
  return files.flatMap((path) => examplesIn(path, readFileSync(join(root, path), 'utf8')));
}

function examplesIn(file: string, text: string): Example[] {
  return [...text.matchAll(/^( *)\/\*\*\n(?:\1 \*.*\n)+/gm)].flatMap((comment) => {
    const lines = comment[0].split('\n').map((line) => line.replace(/^ *\*(?: |\/$)?/, ''));
    return [...lines.join('\n').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((block) => {
      const before = text.slice(0, comment.index).split('\n').length;
      const within = lines.join('\n').slice(0, block.index).split('\n').length;
      return { place: `${file}:${before + within}`, file, code: block[1]! };
    });
  });
}

/**
 * Examples leave out what the reader has already, such as `x` or `model`: names that are not found are passed over
 * (TS2304, 2552, 18004), and so is a `return` outside of a function (TS1108).
 */
const passedOver: ReadonlySet<number> = new Set([2304, 2552, 18004, 1108]);

/**
 * Type-checks all examples in one program and returns what is wrong with them. Names that a package exports are imported
 * where an example does not declare them itself.
 */
export function faultsOf(examples: readonly Example[], packages: readonly Package[], root: string): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    customConditions: ['@timestep/source'],
    paths: Object.fromEntries(
      packages.flatMap(({ entryPoints }) => entryPoints.map(({ specifier, file }) => [specifier, [file]])),
    ),
    types: ['node'],
    typeRoots: [join(root, 'tooling/census/node_modules/@types')],
    strict: true,
    noImplicitAny: false,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  // The sources are read once for both programs.
  const parsed = new Map<string, ts.SourceFile | undefined>();
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const made = modules.get(path);
    if (!parsed.has(path))
      parsed.set(
        path,
        made
          ? ts.createSourceFile(path, made.text, languageVersion, true)
          : getSourceFile.call(host, path, languageVersion, ...rest),
      );
    return parsed.get(path);
  };
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  const modules = new Map<string, { readonly example: Example; readonly text: string }>();
  const homes = homesOf(packages, options, host);
  examples.forEach((example, k) =>
    modules.set(join(root, 'examples', `${String(k)}.ts`), moduleOf(example, homes, packages, root)),
  );
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules].flatMap(([path, { example }]) => {
    const source = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .filter(({ code }) => !passedOver.has(code))
      .map(({ code, messageText }) => {
        const [message] = ts.flattenDiagnosticMessageText(messageText, '\n').split('\n');
        return `${example.place}: TS${String(code)} ${message!}`;
      });
  });
}

/** The entry points that export each name. */
function homesOf(
  packages: readonly Package[],
  options: ts.CompilerOptions,
  host: ts.CompilerHost,
): Map<string, string[]> {
  const entries = packages.flatMap(({ entryPoints }) => entryPoints);
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    options,
    host,
  );
  const checker = program.getTypeChecker();
  const homes = new Map<string, string[]>();
  for (const { specifier, file } of entries) {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(file)!);
    for (const { name, declarations = [] } of symbol ? checker.getExportsOfModule(symbol) : []) {
      const before = homes.get(name) ?? [];
      const asType = declarations.some(
        (one) => ts.isExportSpecifier(one) && (one.isTypeOnly || one.parent.parent.isTypeOnly),
      );
      // A class may be exported as a type from one entry point and as itself from another.
      homes.set(name, asType ? [...before, specifier] : [specifier, ...before.filter((home) => home !== specifier)]);
    }
  }
  return homes;
}

/** An example with the imports that it leaves out; its own package comes first. */
function moduleOf(
  example: Example,
  homes: ReadonlyMap<string, readonly string[]>,
  packages: readonly Package[],
  root: string,
): { readonly example: Example; readonly text: string } {
  const { code, file } = example;
  const own = packages.find(({ folder }) => file.startsWith(`${relative(root, folder)}/`))!.name;
  const words = new Set([...code.matchAll(/(?<![.\w'#])[A-Za-z_]\w*/g)].map(([word]) => word));
  const imports = [...words].flatMap((name) => {
    const among = homes.get(name);
    if (!among || declares(code, name)) return [];
    const home = among.find((specifier) => specifier === own || specifier.startsWith(`${own}/`)) ?? among[0]!;
    return [`import { ${name} } from '${home}';`];
  });
  // `frames` and `prompt` are globals of a browser otherwise.
  const prelude = Object.entries({ backend: "import('@timestep/backend-api').Backend", frames: 'any', prompt: 'any' })
    .filter(([name]) => words.has(name) && !declares(code, name))
    .map(([name, type]) => `declare const ${name}: ${type};`);
  return { example, text: [...imports, ...prelude, code, 'export {};'].join('\n') };
}

function declares(code: string, name: string): boolean {
  return new RegExp(
    String.raw`\b(?:const|let|using|class|function|type|interface)\s+(?:[[{][^=]*\b)?${name}\b|import\b[^;]*\b${name}\b[^;]*from`,
  ).test(code);
}
