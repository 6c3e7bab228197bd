/** Number words in the three languages of the sample. */

const germanOnes = ['', 'ein', 'zwei', 'drei', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun'];
const germanTeens = 'zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn'.split(' ');
const germanTens = ['', '', 'zwanzig', 'dreißig', 'vierzig', 'fünfzig', 'sechzig', 'siebzig', 'achtzig', 'neunzig'];
const englishOnes = ['', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const englishTeens = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const englishTens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const koreanOnes = ['', '일', '이', '삼', '사', '오', '육', '칠', '팔', '구'];

/** 1 … 999,999 in one word; the ones come before the tens: `vierundachtzig`. */
export function germanNumber(n: number): string {
  const word = germanPart(n);
  return word.endsWith('ein') ? `${word}s` : word;
}

function germanPart(n: number): string {
  if (n >= 1000) return `${germanPart(Math.floor(n / 1000))}tausend${germanPart(n % 1000)}`;
  if (n >= 100) return `${germanOnes[Math.floor(n / 100)]!}hundert${germanPart(n % 100)}`;
  if (n >= 20) {
    const ones = germanOnes[n % 10]!;
    return `${ones}${ones && 'und'}${germanTens[Math.floor(n / 10)]!}`;
  }
  return n >= 10 ? germanTeens[n - 10]! : germanOnes[n]!;
}

/** 1 … 999,999: `two hundred forty-three thousand five hundred seventeen`. */
export function englishNumber(n: number): string {
  const parts: string[] = [];
  if (n >= 1000) parts.push(englishNumber(Math.floor(n / 1000)), 'thousand');
  if (n % 1000 >= 100) parts.push(englishOnes[Math.floor((n % 1000) / 100)]!, 'hundred');
  const rest = n % 100;
  if (rest >= 20) parts.push([englishTens[Math.floor(rest / 10)]!, englishOnes[rest % 10]!].filter(Boolean).join('-'));
  else if (rest >= 10) parts.push(englishTeens[rest - 10]!);
  else if (rest > 0) parts.push(englishOnes[rest]!);
  return parts.join(' ');
}

/** 1 … 999,999 in Sino-Korean, which counts in ten thousands: `이십사만 삼천오백십칠`. */
export function koreanNumber(n: number): string {
  const [high, low] = [Math.floor(n / 10_000), n % 10_000];
  return [high === 1 ? '만' : high > 0 ? `${koreanPart(high)}만` : '', koreanPart(low)].filter(Boolean).join(' ');
}

/** Below 10,000: 1 is not said before ten, hundred and thousand. */
function koreanPart(n: number): string {
  const digits = [1000, 100, 10].map((unit, i) => {
    const digit = Math.floor(n / unit) % 10;
    return digit === 0 ? '' : `${digit === 1 ? '' : koreanOnes[digit]!}${['천', '백', '십'][i]!}`;
  });
  return digits.join('') + koreanOnes[n % 10]!;
}

/** A year from 1100 to 2099: `neunzehnhundertvierundachtzig`. */
export function germanYear(year: number): string {
  if (year >= 2000) return germanNumber(year);
  return `${germanNumber(Math.floor(year / 100))}hundert${year % 100 === 0 ? '' : germanNumber(year % 100)}`;
}

/** A year from 1100 to 2099: `nineteen eighty-four`. */
export function englishYear(year: number): string {
  if (year >= 2000) return englishNumber(year);
  const rest = year % 100;
  const tail = rest === 0 ? 'hundred' : rest < 10 ? `oh ${englishNumber(rest)}` : englishNumber(rest);
  return `${englishNumber(Math.floor(year / 100))} ${tail}`;
}

/** The day of a month as German has it behind `am`: `dritten`, `einundzwanzigsten`. */
export function germanOrdinal(n: number): string {
  const special: Readonly<Record<number, string>> = { 1: 'ersten', 3: 'dritten', 7: 'siebten', 8: 'achten' };
  return special[n] ?? `${germanNumber(n)}${n < 20 ? 'ten' : 'sten'}`;
}

/** `third`, `twenty-first`. */
export function englishOrdinal(n: number): string {
  const special: Readonly<Record<string, string>> = {
    one: 'first',
    two: 'second',
    three: 'third',
    five: 'fifth',
    eight: 'eighth',
    nine: 'ninth',
    twelve: 'twelfth',
  };
  return englishNumber(n).replace(
    /[a-z]+$/u,
    (last) => special[last] ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`),
  );
}
