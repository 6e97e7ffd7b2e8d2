/**
 * What the partition in WebAssembly takes of the planner's time, as the page's worker asks it:
 * `make bench-grid`. An invented city of 20,000 cells and a million vertices, in node on one core.
 */

import { readFileSync } from 'node:fs';
import { initSync, PartitionDesk } from '../src/desk/grid/pkg/partition.js';

const COLUMNS = 200;
const ROWS = 100;
const BENDS = 12;
/** Degrees from crossing to crossing: a cell of about 10,000 m². */
const SIDE = 0.001;
const [WEST, SOUTH] = [119.9, 32.4];
const TOLERANCE_MM = 100;
const DRAGS = 100;
const MOVES = 40;
/** Degrees between two places of the pointer at most, about half a metre. */
const MOVE = 5e-6;
const REACH_MM = 30_000;
const DRAG_GOAL_MS = 16;
const EDIT_GOAL_MS = 10;

const log = (text) => process.stdout.write(`${text}\n`);

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(1);
const shaken = (most) => (random() * 2 - 1) * most;

/** A lattice of crooked streets with a cell in every mesh, as GeoJSON. */
function city() {
  const range = (count) => Array.from({ length: count }, (_, index) => index);
  const nodes = range(ROWS + 1).map((row) =>
    range(COLUMNS + 1).map((column) => [
      WEST + column * SIDE + shaken(SIDE / 5),
      SOUTH + row * SIDE + shaken(SIDE / 5),
    ]),
  );
  const street = (from, to) =>
    range(BENDS + 2).map((step) => {
      const share = step / (BENDS + 1);
      const bend = step > 0 && step <= BENDS ? SIDE / (BENDS + 1) / 8 : 0;
      return from.map((at, axis) => at + (to[axis] - at) * share + shaken(bend));
    });
  const east = nodes.map((row) => row.slice(1).map((to, column) => street(row[column], to)));
  const north = nodes
    .slice(1)
    .map((row, below) => row.map((to, column) => street(nodes[below][column], to)));
  const cell = (row, column) => [
    ...east[row][column],
    ...north[row][column + 1].slice(1),
    ...east[row + 1][column].toReversed().slice(1),
    ...north[row][column].toReversed().slice(1),
  ];
  const feature = (ring) => ({
    type: 'Feature',
    properties: {},
    geometry: { type: 'Polygon', coordinates: [ring] },
  });
  const rings = range(ROWS).flatMap((row) => range(COLUMNS).map((column) => cell(row, column)));
  return JSON.stringify({ type: 'FeatureCollection', features: rings.map(feature) });
}

function timed(work) {
  const start = performance.now();
  const answer = work();
  return [answer, performance.now() - start];
}

function told(name, took, perCent, goalMs) {
  const sorted = Float64Array.from(took).sort();
  const at = (share) => sorted[Math.ceil((sorted.length * share) / 100) - 1];
  const ms = [50, 95, 99, 100].map((share) => at(share).toFixed(2));
  const met = at(perCent) < goalMs ? 'met' : 'missed';
  log(
    `${name} (${took.length}): median ${ms[0]} ms, p95 ${ms[1]} ms, p99 ${ms[2]} ms, ` +
      `worst ${ms[3]} ms; goal ${goalMs} ms: ${met}`,
  );
}

/** Where a vertex near a place is, on the grid and in degrees. */
function vertexNear(desk, lon, lat) {
  const snapped = JSON.parse(desk.snap(lon, lat, REACH_MM));
  return snapped.to === 'vertex' ? snapped : null;
}

/** Drags a vertex about; each move is asked, answered and read as the page has it. */
function drag(desk, vertex, took) {
  let [lon, lat] = vertex.place;
  let [latest, outcome] = [null, null];
  for (let move = 0; move < MOVES; move += 1) {
    lon += shaken(MOVE);
    lat += shaken(MOVE);
    const [told, time] = timed(() => {
      const [to] = JSON.parse(desk.points(JSON.stringify([[lon, lat]])));
      latest = { move_vertex: { at: vertex.at, to } };
      return JSON.parse(desk.plan(JSON.stringify(latest)));
    });
    outcome = told;
    took.push(time);
  }
  return 'done' in outcome ? latest : null;
}

initSync({
  module: readFileSync(new URL('../src/desk/grid/pkg/partition_bg.wasm', import.meta.url)),
});
const [desk, opening] = timed(() => PartitionDesk.of_file(city(), '"wgs84"'));
const { cells, vertices } = JSON.parse(desk.file());
log(`WebAssembly: ${cells} cells, ${vertices} vertices, read in ${opening.toFixed(0)} ms`);
const [defects, checking] = timed(() => JSON.parse(desk.check(TOLERANCE_MM)));
log(`check: ${checking.toFixed(0)} ms, ${defects.length} defects`);
const [, repairing] = timed(() => desk.repair(TOLERANCE_MM));
log(`repair: ${repairing.toFixed(0)} ms`);

const [moves, edits] = [[], []];
for (let count = 0; count < DRAGS; ) {
  const [column, row] = [random() * COLUMNS, random() * ROWS];
  const vertex = vertexNear(desk, WEST + column * SIDE, SOUTH + row * SIDE);
  if (!vertex) continue;
  count += 1;
  const operation = drag(desk, vertex, moves);
  if (!operation) continue;
  const [, time] = timed(() => {
    JSON.parse(desk.act(JSON.stringify(operation)));
    JSON.parse(desk.difference());
  });
  edits.push(time);
}
told('a move of the pointer in a drag', moves, 95, DRAG_GOAL_MS);
told('its end: an edit with validation and difference', edits, 99, EDIT_GOAL_MS);
