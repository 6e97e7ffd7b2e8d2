import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { CityMap } from '../src/map/city_map.svelte';

declare global {
  interface Window {
    /** Only with `?test` in the address. */
    __cityward: Pick<CityMap, 'map'>;
    /** The small map of a form or of a case's page. */
    __smallMap?: CityMap['map'];
    appeared: Record<string, number>;
  }
}

const CHROMIUM = [
  process.env.CITYWARD_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The same pixels everywhere: software drawing, no hinting, no colour profile. */
const FLAGS = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
];

export async function launch(): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path));
  if (!executablePath) throw new Error('no Chromium found; name one in CITYWARD_CHROMIUM');
  return chromium.launch({ executablePath, args: FLAGS });
}

export interface Looks {
  language?: 'zh' | 'en';
  theme?: 'dark' | 'light';
  /** A phone, and where it is. */
  phoneAt?: { lon: number; lat: number };
  /** Somebody who likes things to move, as most do: nothing is there before it has come. */
  moving?: boolean;
}

/** A page of a new visitor; what it logs as an error fails the test that reads `errors`. */
export async function visit(
  browser: Browser,
  { language = 'zh', theme = 'dark', phoneAt, moving = false }: Looks = {},
) {
  const context = await browser.newContext({
    ...(phoneAt
      ? {
          viewport: { width: 390, height: 844 },
          hasTouch: true,
          permissions: ['geolocation'],
          geolocation: { longitude: phoneAt.lon, latitude: phoneAt.lat, accuracy: 8 },
        }
      : { viewport: { width: 1280, height: 800 } }),
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    colorScheme: theme,
    reducedMotion: moving ? 'no-preference' : 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

export async function signIn(
  page: Page,
  url: string,
  password: string,
  { login = 'admin', hash = '' }: { login?: string; hash?: string } = {},
): Promise<void> {
  await page.goto(`${url}/?test${hash}`);
  await page.fill('#login', login);
  await page.fill('#password', password);
  await page.click('button.primary');
  await page.waitForSelector('header nav');
}

/** Until the feed is live and the map has drawn everything it was given. */
export async function mapIsDrawn(page: Page): Promise<void> {
  await page.waitForSelector('[data-test=connection][data-state=live]');
  await page.waitForFunction(() => window.__cityward?.map.loaded());
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const { map } = window.__cityward;
        const settled = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
        if (map.loaded() && !map.isMoving()) settled();
        else map.once('idle', settled);
      }),
  );
}
