import { join, relative } from 'node:path';
import ts from 'typescript';
import type { Package } from './workspace.ts';

/** A name that a package exports, and what its docstring lacks. */
export interface PublicName {
  readonly name: string;
  readonly specifier: string;
  readonly kind: 'function' | 'class' | 'constant' | 'type';
  /** Where it is declared, relative to the root. */
  readonly file: string;
  readonly lacksSummary: boolean;
  /** It is a function, class or constant, and no example is in its docstring. */
  readonly lacksExample: boolean;
  /** It has a `throw` of its own, and no `@throws`. */
  readonly lacksThrows: boolean;
  readonly throws: boolean;
  readonly throughStar: boolean;
}

/** Every public name of these packages; a name that one entry point passes on from another package is not counted. */
export function surfaceOf(root: string, packages: readonly Package[], program: ts.Program): PublicName[] {
  const checker = program.getTypeChecker();
  const names: PublicName[] = [];
  for (const { folder, entryPoints } of packages) {
    const seen = new Set<ts.Symbol>();
    for (const { specifier, file } of entryPoints) {
      const source = program.getSourceFile(file);
      const module = source && checker.getSymbolAtLocation(source);
      if (!source || !module) continue;
      const explicit = explicitNames(source);
      for (const exported of checker.getExportsOfModule(module)) {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        const declaration = symbol.declarations?.find((one) =>
          one.getSourceFile().fileName.startsWith(join(folder, 'src')),
        );
        if (!declaration || seen.has(symbol)) continue;
        seen.add(symbol);
        const kind = kindOf(symbol);
        const throws = kind !== 'type' && throwsItself(declaration);
        const tags = symbol.getJsDocTags(checker);
        const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
        names.push({
          name: exported.name,
          specifier,
          kind,
          file: relative(root, declaration.getSourceFile().fileName),
          lacksSummary: text === '',
          lacksExample: kind !== 'type' && !text.includes('```') && !tags.some((tag) => tag.name === 'example'),
          lacksThrows: throws && !tags.some((tag) => tag.name === 'throws') && !memberThrowsTags(declaration),
          throws,
          throughStar: !explicit.has(exported.name),
        });
      }
    }
  }
  return names;
}

/** Names that two packages export for different things. */
export function clashesOf(names: readonly PublicName[]): Map<string, string[]> {
  const homes = new Map<string, Set<string>>();
  for (const { name, specifier, file } of names) {
    if (!homes.has(name)) homes.set(name, new Set());
    homes.get(name)!.add(`${specifier.split('/').slice(0, 2).join('/')} (${file})`);
  }
  return new Map(
    [...homes]
      .filter(([name, where]) => name !== 'default' && where.size > 1)
      .map(([name, where]) => [name, [...where]]),
  );
}

function explicitNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      for (const { name } of statement.exportClause.elements) names.add(name.text);
    } else if (ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(isExport)) {
      if (ts.isVariableStatement(statement)) {
        for (const { name } of statement.declarationList.declarations) names.add(name.getText(source));
      } else if ('name' in statement) names.add((statement.name as ts.Identifier).text);
    }
  }
  return names;
}

function isExport(modifier: ts.Modifier): boolean {
  return modifier.kind === ts.SyntaxKind.ExportKeyword;
}

function kindOf(symbol: ts.Symbol): PublicName['kind'] {
  if (symbol.flags & ts.SymbolFlags.Class) return 'class';
  if (symbol.flags & ts.SymbolFlags.Function) return 'function';
  if (symbol.flags & ts.SymbolFlags.Variable) {
    const declaration = symbol.valueDeclaration;
    const initializer = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    return initializer && (ts.isArrowFunction(initializer) || ts.isCallExpression(initializer))
      ? 'function'
      : 'constant';
  }
  return 'type';
}

function throwsItself(node: ts.Node): boolean {
  if (ts.isThrowStatement(node)) return true;
  return ts.forEachChild(node, throwsItself) ?? false;
}

/** A class may say it at the members that throw. */
function memberThrowsTags(declaration: ts.Declaration): boolean {
  return (
    ts.isClassDeclaration(declaration) &&
    declaration.members.every(
      (member) => !throwsItself(member) || ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'throws'),
    )
  );
}
