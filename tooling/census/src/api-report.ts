import { basename, join } from 'node:path';
import ts from 'typescript';
import type { Package } from './workspace.ts';

const printer = ts.createPrinter({ removeComments: true });

/**
 * Writes the public surface of a package as text: every exported name with its declaration, from the built declaration
 * files, sorted by name. If this text changes, users can notice the change.
 *
 * @returns the path of the report, and its text
 * @throws Error if the package has not been built
 */
export function apiReport(pack: Package): { path: string; text: string } {
  const program = ts.createProgram({
    rootNames: pack.entryPoints.map(({ declarations }) => declarations),
    options: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
      noLib: true,
      skipLibCheck: true,
      noEmit: true,
    },
  });
  const checker = program.getTypeChecker();
  const sections = pack.entryPoints.map(({ specifier, declarations }) => {
    const source = program.getSourceFile(declarations);
    if (!source) throw new Error(`${declarations} is missing; build the packages first: npx pnpm build`);
    const module = checker.getSymbolAtLocation(source);
    const names = module ? checker.getExportsOfModule(module) : [];
    const blocks = names
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((name) => textOf(name, checker))
      .join('\n');
    return `## ${specifier}\n\n\`\`\`ts\n${blocks}\`\`\`\n`;
  });
  const text = `# Public surface of ${pack.name}\n\nWritten by \`npx pnpm api\`. \`npx pnpm test\` compares it with the packages.\n\n${sections.join('\n')}`;
  return { path: join(pack.folder, `${basename(pack.folder)}.api.md`), text };
}

function textOf(exported: ts.Symbol, checker: ts.TypeChecker): string {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const declarations = symbol.declarations ?? [];
  if (declarations.length === 0) return `// ${exported.name}: from another package\n`;
  const foreign = /@timestep\/([a-z-]+)\/dist|packages\/([a-z-]+)\/dist/.exec(
    declarations[0]!.getSourceFile().fileName,
  );
  const own = /packages\/([a-z-]+)\/dist/.exec(exported.declarations?.[0]?.getSourceFile().fileName ?? '');
  if (foreign && own && (foreign[1] ?? foreign[2]) !== own[1]) {
    return `// ${exported.name}: from @timestep/${foreign[1] ?? foreign[2]}\n`;
  }
  return declarations.map((one) => `${printed(one)}\n`).join('');
}

function printed(declaration: ts.Declaration): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : withoutPrivates(declaration);
  return printer
    .printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile())
    .replace(/^(?:export )?declare /, '')
    .replace(/^export /, '');
}

/** Removes private members, which are not part of the surface. */
function withoutPrivates(declaration: ts.Declaration): ts.Node {
  if (!ts.isClassDeclaration(declaration)) return declaration;
  const members = declaration.members.filter(
    (member) =>
      !(member.name && ts.isPrivateIdentifier(member.name)) &&
      !(
        ts.canHaveModifiers(member) &&
        ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
      ),
  );
  const { modifiers, name, typeParameters, heritageClauses } = declaration;
  return ts.factory.updateClassDeclaration(declaration, modifiers, name, typeParameters, heritageClauses, members);
}
