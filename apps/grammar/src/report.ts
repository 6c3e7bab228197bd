import { axis, chart, html, type Html, type ReportContents } from '@timestep/app-shared';
import { noGrad, openScope } from '@timestep/core';
import { LSTM } from '@timestep/layers';
import { encodeStrings } from './batch.ts';
import { judge } from './judge.ts';
import type { Language } from './languages.ts';
import type { GrammarNetwork } from './network.ts';

/** Pictures of what the network keeps in mind while it reads a string, and how far it can be trusted. */
export async function grammarReport(
  network: GrammarNetwork,
  language: Language,
  strings: readonly string[],
): Promise<ReportContents> {
  const example = language.ofSize?.(20) ?? strings.reduce((a, b) => (a.length <= b.length && b.length < 40 ? b : a));
  const sections = [
    {
      heading: network.recurrent instanceof LSTM ? 'The cells while it reads' : 'The hidden units while it reads',
      body: await memoryPicture(network, language, example),
    },
  ];
  const sizes = [10, 30, 100, 300, 1000].filter((n) => n <= language.sizes.test);
  const { ofSize } = language;
  if (ofSize) {
    const right = await judge(network, language, sizes.map(ofSize));
    sections.push({
      heading: 'How far it generalises',
      body: html`<table>
          <tr>
            <th class="number">n</th>
            <th>read without an error</th>
          </tr>
          ${sizes.map(
            (n, i) =>
              html`<tr>
                <td class="number">${n}</td>
                <td class="${right[i] ? 'right' : 'wrong'}">${right[i] ? 'yes' : 'no'}</td>
              </tr>`,
          )}
        </table>
        <p class="soft">Training showed n up to ${language.sizes.train} only.</p>`,
    });
  }
  return { sections };
}

/** The state of every unit after every symbol; one that counts goes up with one letter and down with the next. */
async function memoryPicture(network: GrammarNetwork, language: Language, string: string): Promise<Html> {
  const { backend } = network.output.weight;
  const { hiddenSize } = network.recurrent;
  const units: number[][] = Array.from({ length: hiddenSize }, () => []);
  // A prefix at a time: its final state is the state after its last symbol.
  using scope = openScope(backend);
  for (let t = 2; t <= string.length; t++) {
    const memory = scope.run(() =>
      noGrad(backend, () => network.memory(encodeStrings(backend, language.symbols, [string.slice(0, t)]))),
    );
    const values = await memory.data();
    for (const [unit, curve] of units.entries()) curve.push(values[unit]!);
  }
  const range = (curve: readonly number[]): number => Math.max(...curve) - Math.min(...curve);
  const widest = units.toSorted((a, b) => range(b) - range(a))[0]!;
  const option = {
    grid: { left: 56, right: 18, top: 16, bottom: 44 },
    xAxis: axis('symbol read', {
      type: 'category',
      data: Array.from(string.slice(0, -1)),
      axisLabel: { color: 'var(--soft)', interval: string.length > 60 ? 'auto' : 0 },
    }),
    yAxis: axis('value', { type: 'value', scale: true, nameGap: 40 }),
    series: units.map((curve) => ({
      type: 'line',
      data: curve,
      showSymbol: false,
      color: curve === widest ? 'var(--second)' : 'var(--accent)',
      lineStyle: { width: curve === widest ? 2.6 : 1, opacity: curve === widest ? 1 : 0.45 },
      z: curve === widest ? 3 : 2,
    })),
  };
  return html`<figure>
    ${chart(option, 'the state of every unit after every symbol', { width: 860, height: 320 })}
    <figcaption>
      Each line is one unit; the unit that changes most is drawn thick. In a language that has to be counted it climbs
      with one letter and comes down with the next.
    </figcaption>
  </figure>`;
}
