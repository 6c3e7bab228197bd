import { isForeign } from '@timestep/app-shared';
import type { SavedLabels, Understood } from './understand.ts';

/** A frame that still lacks a slot. */
interface OpenFrame {
  readonly intent: string;
  readonly slots: Map<string, string>;
  readonly asked: string;
}

/** Below this an answer to a question is not taken as a new wish. */
const sure = 0.9;

/** The intent of a bare value, where the data have one. */
const answer = 'answer';

const koreanNames: Readonly<Record<string, string>> = {
  place: '장소',
  date: '날짜',
  food: '음식',
  time: '시각',
  DATE: '날짜',
  LOCATION: '지역',
  PLACE: '장소',
  RESTAURANT: '음식점 종류',
};

/**
 * A small dialogue: it fills the slots of an intent, asks for one that is missing, and takes the next line as the answer
 * unless that line is a wish on its own.
 */
export class Dialogue {
  readonly #understand: (line: string) => Promise<Understood | null>;
  readonly #saved: SavedLabels;
  #open: OpenFrame | null = null;

  constructor(understand: (line: string) => Promise<Understood | null>, saved: SavedLabels) {
    this.#understand = understand;
    this.#saved = saved;
  }

  /** The reply to one line. */
  async reply(line: string): Promise<string> {
    const korean = /\p{Script=Hangul}/u.test(line);
    if (isForeign(line, this.#saved.alphabet)) return 'I know none of these letters; write as the training data do';
    const heard = await this.#understand(line);
    if (!heard) return 'I read an empty line; write a sentence, such as: weather in seoul tomorrow';
    const frame = this.#frameOf(heard);
    const missing = (this.#saved.usual[frame.intent] ?? []).find((slot) => !frame.slots.has(slot));
    if (missing !== undefined && missing !== frame.asked) {
      this.#open = { ...frame, asked: missing };
      const question = korean
        ? `${koreanNames[missing] ?? missing}도 알려 주세요.`
        : `And which ${missing.replaceAll('_', ' ')}?`;
      return `${described(frame)}\n${question}`;
    }
    this.#open = null;
    return described(frame);
  }

  /** The frame that a line belongs to: the open one, or a new one. */
  #frameOf(heard: Understood): OpenFrame {
    const open = this.#open;
    const own = new Map(heard.slots.map(({ type, value }) => [type, withoutParticle(value)]));
    const isShort = heard.units.length <= 2;
    const isWish = heard.intent !== answer && heard.probability >= sure && heard.intent !== open?.intent;
    if (!open || (isWish && !isShort && !own.has(open.asked))) return { intent: heard.intent, slots: own, asked: '' };
    // A word or two are the value that was asked for, whatever the network makes of them alone.
    const [first] = own.values();
    const isValue = !own.has(open.asked) && (isShort || heard.intent === answer) && own.size <= 1;
    const filled = isValue ? new Map([[open.asked, first ?? withoutParticle(heard.units.join(' '))]]) : own;
    return { ...open, slots: new Map([...open.slots, ...filled]) };
  }
}

function described({ intent, slots }: OpenFrame): string {
  const values = [...slots].map(([slot, value]) => `${slot} = ${value}`);
  return [intent, ...(values.length > 0 ? [values.join(', ')] : [])].join(': ');
}

/** A Korean word without the particle behind it, where two syllables or more are left. */
export function withoutParticle(value: string): string {
  return value.replace(/(?<=\p{Script=Hangul}{2,})(?:에서|에는|으로|이요|의|에|은|는|을|를)$/u, '');
}
