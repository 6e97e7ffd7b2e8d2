/** What a person can ask of the service without a page. */
export async function asked<T>(
  url: string,
  who: { login: string; password: string },
  requests: (ask: <R>(path: string, method?: string, body?: unknown) => Promise<R>) => Promise<T>,
): Promise<T> {
  const session = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  return requests(async <R>(path: string, method = 'GET', body?: unknown) => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `e2e-${process.pid}-${Date.now()}-${Math.random()}`,
        cookie,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? undefined : await answer.json()) as R;
  });
}
