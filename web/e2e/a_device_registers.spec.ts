import { createHash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { here } from './here';

const url = here('url');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** A device that speaks GA/T 1400 as RFC 2617 has it. */
async function call(path: string, id: string, body: unknown, authorization?: string) {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/VIID+JSON',
      'user-identify': id,
      ...(authorization && { authorization }),
    },
    body: JSON.stringify(body),
  });
}

/** The same with the digest that is asked for: who calls from this machine may be anybody. */
async function signed(
  path: string,
  id: string,
  body: unknown,
  username: string,
  password: string,
): Promise<number> {
  const asked = (await call(path, id, body)).headers.get('www-authenticate')!;
  const realm = /realm="([^"]+)"/.exec(asked)![1]!;
  const nonce = /nonce="([^"]+)"/.exec(asked)![1]!;
  const ha1 = md5(`${username}:${realm}:${password}`);
  const response = md5(`${ha1}:${nonce}:00000001:c:auth:${md5(`POST:${path}`)}`);
  const answer = `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${path}", response="${response}", qop=auth, nc=00000001, cnonce="c"`;
  return (await call(path, id, body, answer)).status;
}

async function register(id: string, username: string, password: string): Promise<number> {
  const body = { RegisterObject: { DeviceID: id } };
  return signed('/VIID/System/Register', id, body, username, password);
}

const WORDS = {
  zh: { online: '在线', person: '人脸或人员', unregistered: '未注册' },
  en: { online: 'Online', person: 'a face or person', unregistered: 'Not registered' },
};

test.each(['zh', 'en'] as const)(
  'a platform gets credentials, its device registers, and what it sends is counted (%s)',
  async (language) => {
    const words = WORDS[language];
    const name = `viid-${language}-${process.pid}`;
    const id = `3212020000132${language === 'zh' ? '1' : '2'}${String(process.pid).padStart(6, '0').slice(-6)}`;
    const page = await visit(browser, { language, theme: language === 'zh' ? 'dark' : 'light' });
    await signIn(page, url, here('password'), { hash: '#/platforms' });
    await page.fill('form input', name);
    await page.click('form button.primary');
    await page.waitForSelector('code');
    await page.evaluate(() => {
      location.hash = '#/admin/viid';
    });
    await page.selectOption('[data-test=viid-access] select[name=platform]', { label: name });
    await page.fill('[data-test=viid-access] input[name=username]', name);
    await page.selectOption('[data-test=viid-access] select[name=coordinates]', 'gcj02');
    await page.click('[data-test=viid-access] button.primary');
    const password = (await page.textContent('[data-test=secret]'))!;

    expect(await register(id, name, 'wrong')).toBe(401);
    expect(await register(id, name, password)).toBe(200);
    expect((await call('/VIID/Faces', id, {})).status).toBe(401);
    expect(await signed('/VIID/Faces', id, {}, name, password)).toBe(403);
    const row = page.locator('[data-test=viid-devices] tr', { hasText: id });
    await row.getByText(words.online).waitFor();
    await row.getByText(words.person).waitFor();
    expect(await row.textContent()).toContain(name);
    expect(await barriers(page)).toEqual([]);

    // the city also subscribes to another library, and leaves it
    const peers = page.locator('[data-test=viid-peers]');
    await peers.locator('select[name=platform]').selectOption({ label: name });
    await peers.locator('input[name=base_url]').fill('http://192.0.2.1:8080');
    await peers.locator('input[name=device_id]').fill('32120200005030000001');
    await peers.locator('input[name=username]').fill('city');
    await peers.locator('input[name=password]').fill('secret');
    await peers.locator('textarea').fill('32120200005030000009');
    await peers.locator('button.primary').click();
    const peer = peers.locator('li', { hasText: name });
    await peer.getByText('http://192.0.2.1:8080').waitFor();
    const leave = peer.locator('button');
    await leave.click();
    await leave.click();
    await peer.waitFor({ state: 'detached' });

    // the password was shown once; a new one makes devices register anew
    await page.reload();
    const platform = page.locator('[data-test=viid-access] li', { hasText: name });
    await platform.waitFor();
    expect(await page.locator('[data-test=secret]').count()).toBe(0);
    const renew = platform.locator('button').first();
    await renew.click();
    await renew.click();
    await page.waitForSelector('[data-test=secret]');
    await row.getByText(words.unregistered).waitFor();
    expect(await register(id, name, password)).toBe(401);
    await page.context().close();
  },
);
