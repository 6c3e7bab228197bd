import type { Generator } from '@timestep/core';
import {
  englishNumber,
  englishOrdinal,
  englishYear,
  germanNumber,
  germanOrdinal,
  germanYear,
  koreanNumber,
} from './numbers.ts';

/** The languages of the sample. */
export const sampleLanguages = ['de', 'en', 'ko'] as const;

/** One meaning in three languages. */
export type Phrase = Readonly<Record<(typeof sampleLanguages)[number], string>>;

const months = [
  ['januar', 'january', '일월'],
  ['februar', 'february', '이월'],
  ['märz', 'march', '삼월'],
  ['april', 'april', '사월'],
  ['mai', 'may', '오월'],
  ['juni', 'june', '유월'],
  ['juli', 'july', '칠월'],
  ['august', 'august', '팔월'],
  ['september', 'september', '구월'],
  ['oktober', 'october', '시월'],
  ['november', 'november', '십일월'],
  ['dezember', 'december', '십이월'],
] as const;

const weekdays = [
  ['sonntag', 'sunday', '일요일'],
  ['montag', 'monday', '월요일'],
  ['dienstag', 'tuesday', '화요일'],
  ['mittwoch', 'wednesday', '수요일'],
  ['donnerstag', 'thursday', '목요일'],
  ['freitag', 'friday', '금요일'],
  ['samstag', 'saturday', '토요일'],
] as const;

/** Things in the plural, and with Korean's counter behind the number. */
const things = [
  ['schafe', 'sheep', '양', '마리'],
  ['katzen', 'cats', '고양이', '마리'],
  ['bücher', 'books', '책', '권'],
  ['menschen', 'people', '사람', '명'],
  ['bäume', 'trees', '나무', '그루'],
  ['sterne', 'stars', '별', '개'],
  ['briefe', 'letters', '편지', '통'],
] as const;

const koreanHours = ['한', '두', '세', '네', '다섯', '여섯', '일곱', '여덟', '아홉', '열', '열한', '열두'];

/** Something counted: German says the ones before the tens, Korean counts in ten thousands. */
export function counted(n: number, thing: number): Phrase {
  const [de, en, ko, counter] = things[thing]!;
  return {
    de: `${germanNumber(n)} ${de}`,
    en: `${englishNumber(n)} ${en}`,
    ko: `${ko} ${koreanNumber(n)} ${counter}`,
  };
}

/** A date with its weekday: Korean says the year first and the weekday last. */
export function dated(date: Date): Phrase {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const [deWeekday, enWeekday, koWeekday] = weekdays[date.getUTCDay()]!;
  const [deMonth, enMonth, koMonth] = months[month]!;
  return {
    de: `am ${deWeekday} dem ${germanOrdinal(day)} ${deMonth} ${germanYear(year)}`,
    en: `on ${enWeekday} the ${englishOrdinal(day)} of ${enMonth} ${englishYear(year)}`,
    ko: `${koreanNumber(year)}년 ${koMonth} ${koreanNumber(day)}일 ${koWeekday}`,
  };
}

/** A time on the clock: German's half past three is half four. */
export function timed(hour: number, minute: number): Phrase {
  const [now, next] = [hour, (hour % 12) + 1];
  const de = germanTime(germanNumber(now), germanNumber(next), minute);
  const en = englishTime(englishNumber(now), englishNumber(next), minute);
  const tail = minute === 0 ? '다' : minute === 30 ? ' 반이다' : ` ${koreanNumber(minute)} 분이다`;
  return { de: `es ist ${de}`, en: `it is ${en}`, ko: `${koreanHours[hour - 1]!} 시${tail}` };
}

function germanTime(now: string, next: string, minute: number): string {
  if (minute === 0) return `${now === 'eins' ? 'ein' : now} uhr`;
  if (minute === 15) return `viertel nach ${now}`;
  if (minute === 25) return `fünf vor halb ${next}`;
  if (minute === 30) return `halb ${next}`;
  if (minute === 35) return `fünf nach halb ${next}`;
  if (minute === 45) return `viertel vor ${next}`;
  return minute < 30 ? `${germanNumber(minute)} nach ${now}` : `${germanNumber(60 - minute)} vor ${next}`;
}

function englishTime(now: string, next: string, minute: number): string {
  if (minute === 0) return `${now} o'clock`;
  if (minute === 15) return `a quarter past ${now}`;
  if (minute === 30) return `half past ${now}`;
  if (minute === 45) return `a quarter to ${next}`;
  return minute < 30 ? `${englishNumber(minute)} past ${now}` : `${englishNumber(60 - minute)} to ${next}`;
}

/** A count, a date or a time. */
export function drawPhrase(random: Generator): Phrase {
  const kind = random.integer(4);
  // Numbers of 1 to 6 digits alike, and none that would need the singular.
  if (kind < 2) return counted(2 + random.integer(10 ** (1 + random.integer(6)) - 2), random.integer(things.length));
  if (kind === 2) return dated(new Date(Date.UTC(1600 + random.integer(500), 0, 1 + random.integer(365))));
  return timed(1 + random.integer(12), random.integer(2) === 0 ? 5 * random.integer(12) : random.integer(60));
}
