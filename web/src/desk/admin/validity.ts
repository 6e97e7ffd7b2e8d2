/** Where a span of validity stands at a moment. */
export type Validity = 'past' | 'now' | 'later';

export function validityAt(
  span: { from: string | null; to: string | null },
  now: number,
): Validity {
  if (span.to !== null && Date.parse(span.to) <= now) return 'past';
  if (span.from !== null && Date.parse(span.from) > now) return 'later';
  return 'now';
}
