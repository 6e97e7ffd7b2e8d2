/** One value that a change gave another content. */
export interface Change {
  field: string;
  before: string;
  after: string;
}

const text = (value: unknown): string =>
  value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

/** What differs between two states of a thing; either may be missing. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const isThing = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isThing(before) && !isThing(after)) {
    const change = { field: '', before: text(before), after: text(after) };
    return change.before === change.after ? [] : [change];
  }
  const old = isThing(before) ? before : {};
  const next = isThing(after) ? after : {};
  return [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .map((field) => ({ field, before: text(old[field]), after: text(next[field]) }))
    .filter((change) => change.before !== change.after);
}
