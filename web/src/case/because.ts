import type { Because, PlacedComponent } from '../api/types';
import type { Messages } from '../i18n/zh';
import { day } from '../time';

/** What the sentence needs besides the server's answer, in the reader's language. */
export interface BecauseWords {
  t: Messages;
  className(code: string): string;
  component: PlacedComponent | null;
  /** The longer half axis of the position's error; null where a person asked, not a camera. */
  error_m: number | null;
}

/** Fifteen digits as division, street, community, sequence. */
export function spacedCell(code: string): string {
  return code.replace(/^(\d{6})(\d{3})(\d{3})(\d{3})$/, '$1 $2 $3 $4');
}

export function metres(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function rule(because: Because, { t, className, component }: BecauseWords): string {
  const cell = spacedCell(because.cell_code);
  const distance = metres(because.distance_m ?? 0);
  const thing = component
    ? [component.name || className(component.class), component.code].filter(Boolean).join(' ')
    : t.because.anyComponent;
  switch (because.rule) {
    case 'component_maintenance':
      return t.because.component_maintenance(thing, distance);
    case 'component_owner':
      return t.because.component_owner(thing, distance);
    case 'cell_class':
      return t.because.cell_class(cell, className(because.class));
    case 'cell_group':
      return t.because.cell_group(cell, className(because.class));
    case 'cell_default':
      return t.because.cell_default(cell, className(because.class));
    case 'none':
      return t.because.none(cell);
  }
}

/** Why it is whose, as sentences: the rule, how near the border is, the edition. */
export function becauseSentences(because: Because, words: BecauseWords): string[] {
  const { t, error_m } = words;
  const sentences = [rule(because, words)];
  if (because.border_m !== null) {
    const isNear = error_m !== null && because.border_m < error_m;
    const sentence = isNear ? t.because.nearBorder : t.because.border;
    sentences.push(sentence(metres(because.border_m)));
  }
  const { id, note, published_at } = because.edition;
  sentences.push(t.because.edition(id, note, day(published_at, t.locale)));
  return sentences;
}
