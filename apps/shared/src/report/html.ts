/** Markup that is safe to put into a page as it is. */
export interface Html {
  readonly markup: string;
}

/**
 * Builds markup; what is put in between is escaped unless it is markup itself.
 *
 * ```ts
 * html`<h1>${title}</h1>${sections}`;
 * ```
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (Html | readonly Html[] | string | number)[]
): Html {
  return { markup: parts.reduce((text, part, i) => text + render(values[i - 1]!) + part) };
}

function render(value: Html | readonly Html[] | string | number): string {
  if (typeof value === 'string') return value.replace(/[&<>"']/gu, (letter) => `&#${letter.charCodeAt(0)};`);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map((one) => one.markup).join('');
}

const style = `
  :root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6778; --line: #d8dde6; --ground: #fff; --accent: #2563c9; --second: #d9632a; --good: #1f8a4c; --bad: #c23030; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e5e9f0; --soft: #98a2b3; --line: #363d4a; --ground: #14181f; --accent: #6ba3f5; --second: #f0905a; --good: #57c98a; --bad: #f07070; } }
  body { max-width: 60rem; margin: 2.5rem auto; padding: 0 1.25rem; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
  h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; } p { margin: .4rem 0; } .soft, figcaption { color: var(--soft); font-size: .88rem; }
  figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
  table { border-collapse: collapse; font-size: .92rem; } th, td { padding: .22rem .8rem .22rem 0; text-align: left; border-bottom: 1px solid var(--line); } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  .figures { display: flex; flex-wrap: wrap; gap: 2.2rem; margin: 1.2rem 0; } .figures b { display: block; font-size: 1.6rem; font-weight: 600; } .figures span { color: var(--soft); font-size: .85rem; }
  .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 0 2rem; align-items: start; }
  .mono { font-family: ui-monospace, monospace; letter-spacing: .12em; } .wrong { color: var(--bad); font-weight: 600; } .right { color: var(--good); }
`;

/** A whole page that needs no other file: styles and pictures are inside, in light and dark. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${{ markup: style }}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `.markup;
}

/** A few numbers in large type, each above what it is. */
export function figures(items: readonly (readonly [value: string, label: string])[]): Html {
  return html`<div class="figures">
    ${items.map(([value, label]) => html`<div><b>${value}</b><span>${label}</span></div>`)}
  </div>`;
}
