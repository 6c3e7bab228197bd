/** The part of hersheytext 2.0.0 that is used here; the package has no declarations. */
declare module 'hersheytext' {
  interface Font {
    readonly type?: 'hershey' | 'svg';
    getChar(character: string): { readonly d: string | null; readonly width: number } | null | undefined;
  }
  const hershey: {
    getFontData(name: string): Font;
    readonly svgFonts: Readonly<Record<string, unknown>>;
    readonly fonts: Readonly<Record<string, unknown>>;
  };
  export default hershey;
}
