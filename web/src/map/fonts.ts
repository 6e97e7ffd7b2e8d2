import interRanges from '@fontsource-variable/inter/unicode.json';
import notoRanges from '@fontsource-variable/noto-sans-sc/unicode.json';
import type { FontFacesSpecification } from 'maplibre-gl';

const files = import.meta.glob<string>(
  [
    '../../node_modules/@fontsource-variable/inter/files/inter-latin*-wght-normal.woff2',
    '../../node_modules/@fontsource-variable/noto-sans-sc/files/*-wght-normal.woff2',
  ],
  { eager: true, query: '?url', import: 'default' },
);

/** One file and the characters it draws; `[4]` in the ranges is `-4-` in the file name. */
function faces(family: string, ranges: Record<string, string>) {
  return Object.entries(ranges).flatMap(([subset, range]) => {
    const name = `/${family}-${subset.replace(/[[\]]/g, '')}-wght-normal.woff2`;
    const url = Object.entries(files).find(([path]) => path.endsWith(name))?.[1];
    return url
      ? [{ url: new URL(url, location.href).href, 'unicode-range': range.split(',') }]
      : [];
  });
}

export const MAP_FONT = 'Cityward';

/**
 * The map draws its labels with the page's own font subsets, so Chinese needs no font installed
 * and no glyph server.
 */
export function fontFaces(): FontFacesSpecification {
  const latin = faces('inter', interRanges);
  const chinese = faces('noto-sans-sc', notoRanges);
  return { [MAP_FONT]: [...latin, ...chinese] };
}
