/**
 * A new Idempotency-Key. Unlike `crypto.randomUUID` this also works where a phone opens the
 * service without TLS, in a city's own network.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
