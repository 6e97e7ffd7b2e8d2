import type { Because, CaseRoute, PlacedComponent } from '../api/types';
import type { Messages } from '../i18n/zh';
import { day } from '../time';

/** What the sentence needs besides the server's answer, in the reader's language. */
export interface BecauseWords {
  t: Messages;
  className(code: string): string;
  component: PlacedComponent | null;
  /** The longer half axis of the position's error; null where a person asked, not a camera. */
  error_m: number | null;
  /** By which rule a case is whose since it was filed, as what it was, and in which cell it is now. */
  filed?: Filed | null;
}

export interface Filed {
  route: CaseRoute;
  class: string;
  cell: string;
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
  switch (because.rule) {
    case 'component_maintenance':
    case 'component_owner':
      return t.because[because.rule](thingName(component, className, t), distance);
    case 'cell_class':
    case 'cell_group':
    case 'cell_default':
      return t.because[because.rule](cell, className(because.class));
    case 'none':
      return t.because.none(cell);
  }
}

function thingName(
  component: PlacedComponent | null,
  className: BecauseWords['className'],
  t: Messages,
): string {
  if (!component) return t.because.anyComponent;
  return [component.name || className(component.class), component.code].filter(Boolean).join(' ');
}

/** By which rule a case is whose, in a sentence. `because`: of its opening. */
export function routeSentence(
  { route, class: filedClass, cell }: Filed,
  because: Because,
  { t, className, component }: BecauseWords,
): string {
  switch (route.rule) {
    case 'precedent':
      return t.because.precedent(route.case_id);
    case 'rule':
      return t.because.route(route.classes && className(route.classes), route.place);
    case 'component_maintenance':
    case 'component_owner': {
      if (because.component_id === route.component_id) {
        return rule({ ...because, rule: route.rule }, { t, className, component, error_m: null });
      }
      const own = component?.id === route.component_id ? component : null;
      const thing = own ? thingName(own, className, t) : `#${route.component_id}`;
      return t.because[`${route.rule}_of`](thing);
    }
    case 'nobody':
      return t.because.nobody(spacedCell(cell));
    default:
      return t.because[route.rule](spacedCell(cell), className(filedClass));
  }
}

/** Whether the edition that was in force when a case was opened is the one that named its unit. */
const isOfEdition = ({ route, cell }: Filed, because: Because) =>
  route.rule.startsWith('cell_') && cell === because.cell_code;

/** Why it is whose, as sentences: the rule, how near the border is, the edition. */
export function becauseSentences(because: Because, words: BecauseWords): string[] {
  const { t, error_m, filed } = words;
  const decided = filed ? routeSentence(filed, because, words) : rule(because, words);
  const sentences = [decided];
  if (because.border_m !== null) {
    const isNear = error_m !== null && because.border_m < error_m;
    const sentence = isNear ? t.because.nearBorder : t.because.border;
    sentences.push(sentence(metres(because.border_m)));
  }
  if (!filed || isOfEdition(filed, because)) {
    const { id, note, published_at } = because.edition;
    sentences.push(t.because.edition(id, note, day(published_at, t.locale)));
  }
  return sentences;
}
