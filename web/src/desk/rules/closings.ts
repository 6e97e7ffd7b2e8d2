import type { Bilingual } from '../../api/types';

/** Closing conditions as lines of one language. */
export const closingLines = (closings: readonly Bilingual[], language: 'zh' | 'en'): string =>
  closings.map((closing) => closing[language]).join('\n');

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** The n-th line of each language is one condition; where one has fewer, the rest is empty. */
export function closingsFrom(zhText: string, enText: string): Bilingual[] {
  const zh = linesOf(zhText);
  const en = linesOf(enText);
  return Array.from({ length: Math.max(zh.length, en.length) }, (_, i) => ({
    zh: zh[i] ?? '',
    en: en[i] ?? '',
  }));
}
