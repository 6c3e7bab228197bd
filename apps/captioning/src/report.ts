import { html, type Html, type Metrics, type ReportContents, showNumber } from '@timestep/app-shared';
import { encode } from 'fast-png';
import type { Caption } from './describe.ts';
import type { Picture } from './pictures.ts';
import { pictureSize } from './sample/draw.ts';

/** The network beside what needs none, and where it looks for each word. */
export function captioningReport(
  rows: readonly { readonly name: string; readonly metrics: Metrics }[],
  pictures: readonly Picture[],
  captions: readonly Caption[],
): ReportContents {
  const names = ['bleu4', 'cider', 'accuracy'] as const;
  return {
    sections: [
      {
        heading: 'Beside captions without a network',
        body: html`<table>
          <tr>
            <th></th>
            <th class="number">BLEU-4</th>
            <th class="number">CIDEr</th>
            <th class="number">right word for word</th>
          </tr>
          ${rows.map(
            ({ name, metrics }) =>
              html`<tr>
                <td>${name}</td>
                ${names.map((metric) => html`<td class="number">${showNumber(metrics[metric]!)}</td>`)}
              </tr>`,
          )}
        </table>`,
      },
      {
        heading: 'Where it looks',
        body: [
          html`<p class="soft">Bright places are those that it looks at for the word below.</p>`,
          ...pictures.slice(0, 5).map((picture, i) => attentionStrip(picture, captions[i]!)),
        ],
      },
      {
        heading: 'Captions',
        body: html`<table>
          ${pictures.map(
            (picture, i) =>
              html`<tr>
                <td>${pictureImage(picture.pixels, 64, picture.name)}</td>
                <td>
                  ${captions[i]!.text}
                  <br /><span class="soft">${picture.captions[0] ?? ''}</span>
                </td>
              </tr>`,
          )}
        </table>`,
      },
    ],
  };
}

/** The picture, then for each word the picture with the places that were not looked at in the dark. */
function attentionStrip({ pixels, name }: Picture, { words, attention, text }: Caption): Html {
  const cell = (image: Html, label: string): Html =>
    html`<div style="text-align: center">
      ${image}
      <div class="soft">${label}</div>
    </div>`;
  return html`<figure>
    <div style="display: flex; flex-wrap: wrap; gap: 0.4rem">
      ${cell(pictureImage(pixels, 72, name), ' ')}
      ${words.map((word, i) => cell(pictureImage(lit(pixels, attention[i]!), 72, `looking for ${word}`), word))}
    </div>
    <figcaption>${text}</figcaption>
  </figure>`;
}

/** The pixels, as bright as the attention to their place. */
function lit(pixels: Uint8Array, attention: Float32Array): Uint8Array {
  const side = Math.sqrt(attention.length);
  const most = attention.reduce((a, b) => Math.max(a, b), 0);
  return pixels.map((value, i) => {
    const [row, column] = [Math.floor(i / 3 / pictureSize), Math.floor(i / 3) % pictureSize];
    const place = Math.floor((row * side) / pictureSize) * side + Math.floor((column * side) / pictureSize);
    return Math.round(value * (0.15 + (0.85 * attention[place]!) / most));
  });
}

function pictureImage(pixels: Uint8Array, size: number, label: string): Html {
  const png = encode({ width: pictureSize, height: pictureSize, data: pixels, channels: 3, depth: 8 });
  const url = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  return html`<img src="${url}" width="${size}" height="${size}" alt="${label}" style="image-rendering: pixelated" />`;
}
