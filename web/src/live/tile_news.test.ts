import { expect, test } from 'vitest';
import { tilesAround } from './tile_news';

const names = (tiles: { x: number; y: number; z: number }[]) =>
  tiles.map(({ z, x, y }) => `${z}/${x}/${y}`);

test('a change is in its tile of every zoom', () => {
  const found = names(tilesAround([[54598, 26516]]));
  for (let z = 0; z <= 16; z += 1) {
    expect(found).toContain(`${z}/${54598 >> (16 - z)}/${26516 >> (16 - z)}`);
  }
  // within the tile it may lie on any edge, so its neighbours are asked again too
  expect(found).toContain('16/54599/26516');
  expect(found).not.toContain('16/54600/26516');
});

test('at the edge of the world there is no tile beyond', () => {
  const found = tilesAround([[0, 65535]]);
  expect(found.every(({ x, y, z }) => x >= 0 && y >= 0 && x < 2 ** z && y < 2 ** z)).toBe(true);
});

test('no tile is named twice', () => {
  const found = names(
    tilesAround([
      [54598, 26516],
      [54598, 26517],
    ]),
  );
  expect(new Set(found).size).toBe(found.length);
});
