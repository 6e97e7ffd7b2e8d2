import type { Refusal } from '../api/types';
import { word } from '../i18n/index.svelte';
import type { Messages } from '../i18n/zh';

/** Why not, in words; the server sends a code and what belongs into the sentence. */
export function refusalSentence({ code, params }: Refusal, t: Messages['work']): string {
  const sentence = (t.refusals as Record<string, (params: Record<string, unknown>) => string>)[
    code
  ];
  return sentence ? sentence(params ?? {}) : t.refusedOther(code);
}

/** Who did something: a person by name, a camera, the service itself. */
export function actorName(actor: string, t: Messages): string {
  if (actor.startsWith('camera:')) return t.case.actorCamera(actor.slice('camera:'.length));
  if (actor === 'system' || actor.startsWith('system:')) return t.desk.case.system;
  return actor.startsWith('person:') ? t.desk.case.somebody : actor;
}

/** What was done: the same words as on the button. */
export function actionName(action: string, t: Messages): string {
  return word(t.work.actions, action);
}
