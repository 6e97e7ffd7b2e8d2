import { expect, test } from 'vitest';
import { asked } from './source.svelte';

test('what is left empty is not sent as a text', () => {
  const draft = { kind: 'rtsp', url: ' rtsp://x/ ', login: '', password: '', period_s: 5 } as const;
  expect(asked(draft)).toEqual({
    kind: 'rtsp',
    url: 'rtsp://x/',
    login: null,
    password: null,
    period_s: 5,
  });
  expect(asked({ ...draft, login: 'admin ', password: ' s ' })).toMatchObject({
    login: 'admin',
    password: ' s ',
  });
});
