import type { Named } from '../api/types';
import { en } from './en';
import { type Messages, zh } from './zh';

export type Language = 'zh' | 'en';

const catalogues: Record<Language, Messages> = { zh, en };
/** A word of a table by a name that the server sent; the name itself where there is none. */
export function word(table: Record<string, string>, name: string): string {
  return table[name] ?? name;
}

const STORED = 'cityward.language';

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === 'zh' || stored === 'en') return stored;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

class I18n {
  language = $state<Language>(preferred());
  /** The catalogue in use: `i18n.t.queue.title`. */
  readonly t = $derived(catalogues[this.language]);

  /** Only this language's name of a thing; the other when it is missing. */
  name(of: Named): string {
    return this.language === 'zh' ? of.name_zh || of.name_en : of.name_en || of.name_zh;
  }

  /** The text in the language in use; the other where it is missing. */
  text(of: { zh: string; en: string }): string {
    return this.language === 'zh' ? of.zh || of.en : of.en || of.zh;
  }

  /** Names one after another, as this language separates them. */
  list(names: string[]): string {
    return names.join(this.language === 'zh' ? '、' : ', ');
  }

  toggle(): void {
    this.language = this.language === 'zh' ? 'en' : 'zh';
    localStorage.setItem(STORED, this.language);
  }
}

export const i18n = new I18n();

/** The words of one desk; they come with that desk and not before. */
export class Words<T> {
  constructor(
    private readonly zh: T,
    private readonly en: T,
  ) {}

  get t(): T {
    return i18n.language === 'zh' ? this.zh : this.en;
  }
}
