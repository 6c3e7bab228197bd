import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const named = /lengths$/i;

/**
 * Every class and function that these entry points export and that takes lengths, as `package/name`: a parameter, or
 * an option of one, of a constructor, a method or the function itself whose name ends with "lengths". Found by the type
 * checker, so that a new layer cannot be forgotten.
 *
 * @param entryPoints by the package's name, the source file that it exports
 */
export function whatTakesLengths(entryPoints: Readonly<Record<string, URL>>): string[] {
  const files = Object.fromEntries(Object.entries(entryPoints).map(([name, url]) => [name, fileURLToPath(url)]));
  const program = ts.createProgram({
    rootNames: Object.values(files),
    options: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      customConditions: ['@timestep/source'],
      types: [],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    },
  });
  const checker = program.getTypeChecker();

  const hasLengths = (parameter: ts.Symbol): boolean => {
    if (named.test(parameter.name)) return true;
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
    const parts = type.isUnion() ? type.types : [type];
    return parts.some((part) => part.getProperties().some(({ name }) => named.test(name)));
  };
  const accepts = (type: ts.Type): boolean =>
    [...type.getCallSignatures(), ...type.getConstructSignatures()].some((signature) =>
      signature.getParameters().some(hasLengths),
    );
  const methodsAccept = (type: ts.Type): boolean =>
    type.getConstructSignatures().some((signature) =>
      signature
        .getReturnType()
        .getProperties()
        .some((member) => accepts(checker.getTypeOfSymbol(member))),
    );

  return Object.entries(files).flatMap(([name, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!(symbol.flags & ts.SymbolFlags.Value)) return [];
      const type = checker.getTypeOfSymbol(symbol);
      // A constructor of an abstract class has no signature to call, but its prototype has the methods.
      const found = accepts(type) || methodsAccept(type);
      return found ? [`${name}/${exported.name}`] : [];
    });
  });
}
