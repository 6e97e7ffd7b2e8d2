import {
  type GeoJSONSource,
  type LayerSpecification,
  Map as MapLibre,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { untrack } from 'svelte';
import { i18n } from '../../../i18n/index.svelte';
import { layers } from '../../../map/layers.svelte';
import { palette } from '../../../map/palette';
import { restyle } from '../../../map/restyle';
import { EMPTY, ownServer } from '../../../map/style';
import { theme } from '../../../shell/theme.svelte';
import type { Bounds, FaceId, Touched } from '../partition/types';
import { gridStyle, type SourceName } from './layers';

setWorkerUrl(workerUrl);

const EASE_MS = 250;
const CLOSE_ZOOM = 19;
const PADDING = 64;

/** From which zoom on cells are wide enough for their names. */
export function labelZoom(count: number, [west, south, east, north]: Bounds): number {
  const NAME_PX = 36;
  const TILE_PX = 512;
  const widthDeg = Math.sqrt(((east - west) * (north - south)) / Math.max(1, count));
  return Math.min(18, Math.max(0, Math.log2((NAME_PX * 360) / TILE_PX / widthDeg)));
}

/** What is to be looked at on the map. */
export type PlaceFeature = GeoJSON.Feature<
  GeoJSON.Geometry,
  { place: number; kind: import('./layers').PlaceKind }
>;

/** The planner's map. It draws what it is given and asks nobody. */
export class GridMap {
  readonly map: MapLibre;
  /** Sources take data from here on. */
  ready = $state(false);
  private painted: LayerSpecification[];
  private readonly stopEffects: () => void;
  private chosen: FaceId[] = [];
  private others: FaceId[] = [];
  private drafted: FaceId[] = [];
  private chosenPlace: number | null = null;
  /** Changes of the faces reach the map's worker one after the other. */
  private settled: Promise<unknown> = Promise.resolve();

  constructor(container: HTMLElement, bounds: Bounds, interactive = true) {
    const first = this.style();
    this.painted = first.layers;
    this.map = new MapLibre({
      container,
      style: first,
      bounds,
      fitBoundsOptions: { padding: PADDING },
      interactive,
      maxPitch: 0,
      dragRotate: false,
      // Shift takes further cells
      boxZoom: false,
      doubleClickZoom: false,
      attributionControl: false,
      fadeDuration: 0,
      locale: { 'Map.Title': i18n.t.map.label },
      transformRequest: ownServer,
    });
    this.map.touchZoomRotate.disableRotation();
    if (interactive) this.map.addControl(new ScaleControl(), 'bottom-left');
    this.map.on('load', () => {
      this.ready = true;
    });
    // Land outside the city has no tiles; that is not an error of this page.
    this.map.on('error', () => {});
    this.stopEffects = $effect.root(() => {
      $effect(() => {
        if (this.ready) this.repaint();
      });
    });
  }

  private style() {
    return untrack(() =>
      gridStyle({
        colours: palette(theme.current),
        language: i18n.language,
        t: i18n.t,
        componentClasses: [],
        layers: layers.choice,
      }),
    );
  }

  private repaint(): void {
    theme.current;
    i18n.language;
    const next = this.style().layers;
    restyle(this.map, this.painted, next);
    this.painted = next;
    this.map.getCanvas().setAttribute('aria-label', i18n.t.map.label);
  }

  private source(name: SourceName): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  /** All faces anew, `count` of them in a box; the map's own worker reads the text. */
  async drawAll(faces: Blob, count: number, bounds: Bounds): Promise<void> {
    this.map.setLayerZoomRange('faces-label', labelZoom(count, bounds), 24);
    const url = URL.createObjectURL(faces);
    this.clearStates();
    this.settled = this.source('faces').setData(url);
    await this.settled;
    URL.revokeObjectURL(url);
  }

  /** Faces that changed; a draft of them ends once they are drawn. */
  async redraw({ faces, gone }: Touched): Promise<void> {
    const before = this.settled;
    this.settled = (async () => {
      await before;
      await this.source('faces').updateData({ remove: gone, add: faces.features });
    })();
    await this.settled;
    this.draft(null);
    this.choose(this.chosen.filter((face) => !gone.includes(face)));
  }

  /** Shows faces as an operation would leave them, in the place of those that are there. */
  draft(touched: Touched | null): void {
    for (const face of this.drafted) this.state('faces', face, { drafted: false });
    this.drafted = touched
      ? [...touched.gone, ...touched.faces.features.map(({ properties }) => properties.face)]
      : [];
    for (const face of this.drafted) this.state('faces', face, { drafted: true });
    void this.source('draft').setData(touched?.faces ?? EMPTY);
  }

  choose(faces: FaceId[]): void {
    for (const face of this.chosen) this.state('faces', face, { chosen: false });
    this.chosen = faces;
    for (const face of faces) this.state('faces', face, { chosen: true });
  }

  /** Marks the cells that somebody else is at. */
  markOthers(faces: FaceId[]): void {
    for (const face of this.others) this.state('faces', face, { others: false });
    this.others = faces;
    for (const face of faces) this.state('faces', face, { others: true });
  }

  show(name: 'places' | 'handles' | 'marks', features: GeoJSON.Feature[]): void {
    void this.source(name).setData({ type: 'FeatureCollection', features });
  }

  choosePlace(place: number | null): void {
    if (this.chosenPlace !== null) this.state('places', this.chosenPlace, { chosen: false });
    this.chosenPlace = place;
    if (place !== null) this.state('places', place, { chosen: true });
  }

  private state(source: SourceName, id: number, state: Record<string, boolean>): void {
    this.map.setFeatureState({ source, id }, state);
  }

  private clearStates(): void {
    this.map.removeFeatureState({ source: 'faces' });
    this.chosen = [];
    this.drafted = [];
    this.markOthers(this.others);
  }

  fit(bounds: Bounds): void {
    this.map.fitBounds(bounds, { padding: PADDING, maxZoom: CLOSE_ZOOM, duration: EASE_MS });
  }

  /** What the map shows, as the address of a picture. */
  picture(): string {
    // the canvas is empty but for the moment in which it was drawn
    this.map.redraw();
    return this.map.getCanvas().toDataURL();
  }

  /** Resolves when everything is drawn, or after so long that nobody waits on. */
  async drawn(): Promise<void> {
    const WAIT_MS = 4_000;
    await Promise.race([
      new Promise((resolve) => this.map.once('idle', resolve).triggerRepaint()),
      new Promise((resolve) => setTimeout(resolve, WAIT_MS)),
    ]);
  }

  remove(): void {
    this.stopEffects();
    this.map.remove();
  }
}
