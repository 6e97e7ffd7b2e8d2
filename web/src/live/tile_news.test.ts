import { afterEach, expect, test, vi } from 'vitest';
import {
  covers,
  shows,
  TileNews,
  type TileView,
  viewOf,
  viewQuery,
  withSurroundings,
} from './tile_news';

const city = { west: 119.9, south: 32.43, east: 119.95, north: 32.46 };
const view = (zoom: number) => viewOf(city, zoom, ['components', 'cells']);

test('a map shows the tiles of its whole zoom', () => {
  expect(view(14.7)).toEqual({
    z: 14,
    columns: [13648, 13651],
    rows: [6628, 6630],
    layers: ['cells', 'components'],
  });
  expect(viewQuery(view(14.7))).toEqual({
    tiles: '14/13648-13651/6628-6630',
    layers: 'cells,components',
  });
  // deeper tiles are drawn from those of zoom 16
  expect(view(18).z).toBe(16);
  expect(view(-1)).toMatchObject({ z: 0, columns: [0, 0], rows: [0, 0] });
});

test('with its surroundings it need not ask anew after a small move', () => {
  const wide = withSurroundings(view(14));
  expect(wide).toMatchObject({ columns: [13646, 13653], rows: [6626, 6632] });
  expect(covers(wide, view(14))).toBe(true);
  const moved: TileView = { ...view(14), columns: [13646, 13649] };
  expect(covers(wide, moved)).toBe(true);
  expect(covers(wide, { ...moved, columns: [13645, 13648] })).toBe(false);
  expect(covers(wide, view(15))).toBe(false);
  expect(covers(wide, { ...view(14), layers: ['cameras'] })).toBe(false);
  expect(shows(wide, [13646, 6632])).toBe(true);
  expect(shows(wide, [13645, 6632])).toBe(false);
});

test('the surroundings end at the edge of the world and before there are too many', () => {
  const world = viewOf({ west: -180, south: -85, east: 180, north: 85 }, 2, []);
  expect(withSurroundings(world)).toEqual(world);
  const large: TileView = { z: 10, columns: [0, 29], rows: [0, 29], layers: [] };
  expect(withSurroundings(large)).toEqual(large);
  expect(viewQuery({ ...large, rows: [0, 99] })).toEqual({});
});

afterEach(() => {
  vi.useRealTimers();
});

test('a look that is covered does not take back what a look before it asks for', () => {
  vi.useFakeTimers();
  const news = new TileNews();
  let asked = 0;
  news.onWanted(() => {
    asked += 1;
  });
  news.look(view(14));
  vi.advanceTimersByTime(100);
  news.look(view(14));
  vi.advanceTimersByTime(800);
  expect(asked).toBe(1);
  news.look(view(15));
  vi.advanceTimersByTime(100);
  news.look(view(16));
  vi.advanceTimersByTime(800);
  expect(asked).toBe(2);
  news.look(view(15));
  news.look(null);
  vi.advanceTimersByTime(800);
  expect(asked).toBe(2);
});
