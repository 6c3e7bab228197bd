import { Generator } from '@timestep/core';
import type { Example } from './example.ts';

/** Patterns: a word in braces is a slot, and what is glued to it stays, as particles do in Korean. */
const patterns: Readonly<Record<string, readonly string[]>> = {
  answer: [
    '{place}',
    'in {place}',
    '{date}',
    '{food} please',
    '{food}',
    'at {time}',
    '{time}',
    '{place}에서',
    '{date}이요',
    '{place}',
    '{food} 먹고 싶어요',
    '{time}에',
  ],
  time: [
    'the time please',
    '몇 시',
    'what time is it',
    'what time is it in {place}',
    'tell me the time please',
    'could you tell me what time it is',
    'do you know the time in {place}',
    'how late is it now',
    '지금 몇 시야',
    '지금 몇 시인지 알려 줘',
    '{place} 지금 몇 시야',
    '{place}의 시각을 알려 줘',
    '시간 좀 알려 줄래',
  ],
  weather: [
    'weather',
    '날씨',
    '날씨 알려 줘',
    'weather in {place} {date}',
    'what is the weather like in {place} {date}',
    'will it rain {date} in {place}',
    'will it snow in {place}',
    'is it going to be sunny {date}',
    'how is the weather',
    'do i need an umbrella in {place} {date}',
    'please give me the forecast for {place}',
    '{date} {place} 날씨 어때',
    '{place}의 {date} 날씨를 알려 줘',
    '{place}에 {date} 비가 올까',
    '{date} 우산 필요할까',
    '{place} 날씨 알려 줘',
    '오늘따라 날씨가 궁금해',
    '{date}에 눈이 올까',
  ],
  restaurant: [
    'find a restaurant',
    '식당 추천해 줘',
    'find a {food} restaurant in {place}',
    'i want to eat {food} in {place}',
    'where can i get good {food}',
    'any nice places to eat in {place}',
    'i am hungry',
    'book a table for {food} near {place}',
    '{place}에서 {food} 먹고 싶어',
    '{place} {food} 맛집 추천해 줘',
    '{food} 잘하는 집 알려 줘',
    '{place} 근처 식당 찾아 줘',
    '배고픈데 뭐 먹을까',
  ],
  alarm: [
    'alarm',
    '알람',
    'wake me up at {time}',
    'set an alarm for {time} {date}',
    'set an alarm',
    'i have to get up at {time} {date}',
    '{date} {time}에 깨워 줘',
    '{time}에 알람 맞춰 줘',
    '알람 좀 맞춰 줘',
    '{date} 알람을 {time}에 맞춰 줘',
  ],
  greeting: [
    'hello',
    'hi there',
    'good morning to you',
    'nice to meet you',
    '안녕',
    '안녕하세요',
    '반가워요',
    '좋은 아침이야',
  ],
  goodbye: [
    'goodbye',
    'see you later',
    'bye for now',
    'thanks and bye',
    '잘 가',
    '안녕히 계세요',
    '다음에 또 봐',
    '고마워 잘 있어',
  ],
};

const english: Readonly<Record<string, readonly string[]>> = {
  place: [
    'seoul',
    'london',
    'new york',
    'paris',
    'busan',
    'tokyo',
    'berlin',
    'san francisco',
    'rome',
    'oslo',
    'lima',
    'cape town',
  ],
  date: [
    'today',
    'tomorrow',
    'on monday',
    'this evening',
    'next week',
    'on friday',
    'this weekend',
    'tonight',
    'next sunday',
  ],
  food: ['pizza', 'sushi', 'korean', 'thai', 'noodles', 'vegetarian', 'french', 'seafood', 'fried chicken', 'curry'],
  time: ['six', 'seven thirty', '8 am', 'half past nine', '6:45', 'noon', '5 in the morning', 'ten o’clock', '7 pm'],
};

const korean: Readonly<Record<string, readonly string[]>> = {
  place: ['서울', '부산', '제주도', '강남', '대전', '뉴욕', '런던', '파리', '도쿄', '전주', '강릉', '광주'],
  date: ['오늘', '내일', '모레', '이번 주말', '월요일', '다음 주', '금요일', '오늘 밤', '내일 아침'],
  food: ['김치찌개', '냉면', '초밥', '비빔밥', '치킨', '파스타', '칼국수', '삼겹살', '피자', '떡볶이'],
  time: ['여섯 시', '일곱 시 반', '아침 8시', '오후 3시', '6시 45분', '정오', '새벽 다섯 시', '밤 열 시'],
};

/** Sentences drawn from the patterns, with their tags in the form BIO. */
export function drawSample(count: number, seed: number): Example[] {
  const random = new Generator(seed);
  const pick = <Value>(list: readonly Value[]): Value => list[random.integer(list.length)]!;
  const intents = Object.keys(patterns);
  return Array.from({ length: count }, () => {
    const intent = pick(intents);
    const pattern = pick(patterns[intent]!);
    const bare = /^\{\w+\}$/u.test(pattern);
    const isKorean = /\p{Script=Hangul}/u.test(pattern) || (bare && random.integer(2) === 0);
    const values = isKorean ? korean : english;
    const words: string[] = [];
    const tags: string[] = [];
    for (const piece of pattern.split(' ')) {
      const [, slot, particle] = /^\{(\w+)\}(.*)$/u.exec(piece) ?? [];
      if (slot === undefined) {
        words.push(piece);
        tags.push('O');
        continue;
      }
      // A made-up name now and then: the network learns the words around a place, not a list of them.
      const isNew = slot === 'place' && values === english && random.uniform() < 0.3;
      const value = isNew ? madeUp(random) : pick(values[slot]!);
      const filling = `${value}${particle!}`.split(' ');
      words.push(...filling);
      tags.push(...filling.map((_, k) => `${k === 0 ? 'B' : 'I'}-${slot}`));
    }
    return { text: words.join(' '), intent, tags };
  });
}

function madeUp(random: Generator): string {
  const syllables = Array.from({ length: 2 + random.integer(2) }, () => {
    const [first, second] = ['bdfgklmnprstvz', 'aeiou'];
    return first[random.integer(14)]! + second[random.integer(5)]!;
  });
  return syllables.join('');
}
