import {
  AttributionControl,
  type GeoJSONSource,
  type LayerSpecification,
  Map as MapLibre,
  type MapMouseEvent,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { untrack } from 'svelte';
import { isMyMove } from '../action/whose_move';
import type { CameraView } from '../api/types';
import { caseView } from '../case/view.svelte';
import { healthWords } from '../i18n/health';
import { i18n } from '../i18n/index.svelte';
import { openCases } from '../live/cases.svelte';
import { clock } from '../live/clock.svelte';
import { shows, type TileChange, type TileView, tileNews, viewOf } from '../live/tile_news';
import { queue } from '../queue/queue.svelte';
import { place } from '../shell/place.svelte';
import { reference } from '../shell/reference.svelte';
import { session } from '../shell/session.svelte';
import { type Theme, theme } from '../shell/theme.svelte';
import { SENDERS } from './collectors';
import { hintAt, pickAt } from './hit';
import { setIcons } from './icons';
import { layers } from './layers.svelte';
import { CaseOverlay } from './overlay';
import { palette } from './palette';
import { picking } from './picking.svelte';
import { restyle } from './restyle';
import { becauseFeatures, boundsOf, cameraFeatures, ellipsePolygon, viewFeatures } from './shapes';
import { cellShown, type LayerChoice, ownServer, shownSources, style, TILE_SOURCES } from './style';
import { mapView } from './view.svelte';

setWorkerUrl(workerUrl);

interface Tile {
  x: number;
  y: number;
  z: number;
}

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({
  type: 'FeatureCollection',
  features,
});

/** A camera's name, and what is wrong with it. */
const cameraWords = (camera: CameraView): string => {
  const { conditions } = healthWords.t;
  return [i18n.name(camera), ...camera.conditions.map((state) => conditions[state.condition])].join(
    ' · ',
  );
};

const pointAt = ({ lon, lat }: { lon: number; lat: number }): GeoJSON.Feature => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [lon, lat] },
  properties: {},
});

/** The map on the page, kept equal to the state of the application. */
export class CityMap {
  readonly map: MapLibre;
  tilesDown = $state(false);
  /** Where the person asked whose place it is. */
  question = $state.raw<{ lon: number; lat: number } | null>(null);
  hint = $state.raw<{ x: number; y: number; text: string } | null>(null);
  /** Somebody on duty whom the person asked about. */
  collector = $state<number | null>(null);
  private painted: LayerSpecification[];
  private overlay: CaseOverlay | null = null;
  private stopEffects: () => void = () => {};
  private stopNews: () => void = () => {};
  /** Changed tiles that were not drawn when that was told, by source. */
  private missed = new Map<string, Map<string, Tile>>();

  constructor(container: HTMLElement, firstTheme: Theme) {
    const first = style(this.look(firstTheme));
    this.painted = first.layers;
    const view = place.view;
    this.map = new MapLibre({
      container,
      style: first,
      center: view ? [view.lon, view.lat] : [119.92, 32.45],
      zoom: view?.zoom ?? 13,
      maxPitch: 0,
      dragRotate: false,
      attributionControl: false,
      fadeDuration: 0,
      locale: { 'Map.Title': i18n.t.map.label },
      transformRequest: ownServer,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left');
    this.map.addControl(new AttributionControl({ compact: true }), 'bottom-left');
    setIcons(this.map, palette(firstTheme));
    this.listen();
    this.map.once('load', () => this.begin());
    if (new URLSearchParams(location.search).has('test')) {
      Object.assign(window, { __cityward: { map: this.map, openCases } });
    }
  }

  remove(): void {
    this.stopNews();
    tileNews.look(null);
    if (this.overlay) picking.mapIs(false);
    this.stopEffects();
    mapView.attach(null);
    this.map.remove();
  }

  ask(at: { lon: number; lat: number } | null): void {
    if (at) this.collector = null;
    this.question = at;
    this.source('question').setData(collection(at ? [pointAt(at)] : []));
  }

  private look(which: Theme) {
    return {
      colours: palette(which),
      language: i18n.language,
      t: i18n.t,
      componentClasses: reference.componentClasses(),
      layers: this.choice(),
    };
  }

  /** Where people are is drawn for those who send them. */
  private choice(): LayerChoice {
    return { ...layers.choice, collectors: layers.choice.collectors && session.hasAny(SENDERS) };
  }

  private source(name: string): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  private listen(): void {
    this.map.on('error', ({ error, ...event }) => {
      if ('sourceId' in event) this.tilesDown = true;
      console.warn(error.message);
    });
    this.map.on('sourcedata', (event) => {
      if (event.sourceId === 'basemap' && event.isSourceLoaded) this.tilesDown = false;
    });
    this.map.on('moveend', () => {
      const { lng, lat } = this.map.getCenter();
      place.view = { lon: lng, lat, zoom: this.map.getZoom() };
      tileNews.look(this.view());
    });
    this.map.on('idle', () => this.makeUp());
    this.map.on('click', (event) => this.click(event));
    this.map.on('contextmenu', ({ lngLat }) => this.ask({ lon: lngLat.lng, lat: lngLat.lat }));
    this.map.on('mousemove', (event) => {
      this.hint = hintAt(this.map, event);
      this.map.getCanvas().style.cursor = pickAt(this.map, event) ? 'pointer' : '';
    });
    this.map.on('mouseout', () => {
      this.hint = null;
    });
  }

  private click(event: MapMouseEvent): void {
    if (picking.offer({ lon: event.lngLat.lng, lat: event.lngLat.lat })) return;
    const picked = pickAt(this.map, event);
    if (picked?.kind === 'case') place.selectCase(picked.id);
    if (picked?.kind === 'camera') place.selectCamera(picked.id);
    this.collector = picked?.kind === 'collector' ? picked.id : null;
    if (this.collector !== null) this.ask(null);
  }

  /** From here on every change of state finds its way onto the map by itself. */
  private begin(): void {
    this.overlay = new CaseOverlay(this.source('cases'), (row) => ({
      label: reference.className(row.class),
      mine: session.person !== null && isMyMove(row, session.person),
    }));
    mapView.attach(this.map);
    picking.mapIs(true);
    this.stopNews = tileNews.subscribe((change) => this.askAgain(change));
    this.stopEffects = $effect.root(() => {
      $effect(() => this.repaint());
      $effect(() => this.showCases());
      $effect(() => this.showCameras());
      $effect(() => this.showSelection());
      $effect(() => this.tick());
      $effect(() => this.firstFit());
    });
  }

  /** The tiles that are on the screen now. */
  private view(): TileView {
    const bounds = this.map.getBounds();
    const box = {
      west: bounds.getWest(),
      south: bounds.getSouth(),
      east: bounds.getEast(),
      north: bounds.getNorth(),
    };
    return viewOf(box, this.map.getZoom(), shownSources(this.choice()));
  }

  /** Tiles that have not changed are answered without being sent. */
  private askAgain({ layer, zoom, tiles }: TileChange): void {
    for (const name of layer === null ? TILE_SOURCES : [layer]) {
      if (!TILE_SOURCES.includes(name)) continue;
      if (tiles === null || zoom === null) {
        this.missed.delete(name);
        this.map.refreshTiles(name);
        continue;
      }
      const changed = tiles.map(([x, y]) => ({ x, y, z: zoom }));
      this.map.refreshTiles(name, changed);
      // the map refreshes what it draws, and keeps the rest as it is until it is drawn again
      const isDrawn = this.drawn(name);
      const loading = !this.map.areTilesLoaded();
      const late = changed.filter((tile) => loading || !isDrawn(tile));
      if (late.length === 0) continue;
      const missed = this.missed.get(name) ?? new Map<string, Tile>();
      for (const tile of late) missed.set(`${tile.z}/${tile.x}/${tile.y}`, tile);
      this.missed.set(name, missed);
    }
  }

  /** Which tiles of a source are on the screen now. */
  private drawn(source: string): (tile: Tile) => boolean {
    const view = this.view();
    return ({ x, y, z }) => view.layers.includes(source) && z === view.z && shows(view, [x, y]);
  }

  /** Asks for what changed while it was not drawn, as far as it is now. */
  private makeUp(): void {
    for (const [name, tiles] of this.missed) {
      const isDrawn = this.drawn(name);
      const now = [...tiles].filter(([, tile]) => isDrawn(tile));
      for (const [key] of now) tiles.delete(key);
      if (tiles.size === 0) this.missed.delete(name);
      if (now.length > 0) {
        this.map.refreshTiles(
          name,
          now.map(([, tile]) => tile),
        );
      }
    }
  }

  private repaint(): void {
    setIcons(this.map, palette(theme.current));
    const next = style(this.look(theme.current)).layers;
    restyle(this.map, this.painted, next);
    this.painted = next;
    tileNews.look(this.view());
    this.map.getCanvas().setAttribute('aria-label', i18n.t.map.label);
  }

  private showCases(): void {
    // The labels are in the reader's language.
    i18n.language;
    reference.componentClasses();
    this.overlay?.show(queue.rows);
  }

  private showCameras(): void {
    this.source('cameras').setData(collection(cameraFeatures(reference.cameras, cameraWords)));
    this.source('views').setData(collection(viewFeatures(reference.cameras)));
  }

  private showSelection(): void {
    const row = queue.selected ?? caseView.detail;
    const camera = place.cameraId === null ? undefined : reference.camera(place.cameraId);
    const chosen = place.caseId === null ? camera : row;
    this.source('chosen').setData(collection(chosen ? [pointAt(chosen)] : []));
    const detail = place.caseId === null ? null : caseView.detail;
    const ellipse = detail?.ellipse;
    const outline: GeoJSON.Feature[] =
      detail && ellipse
        ? [{ type: 'Feature', geometry: ellipsePolygon(detail, ellipse), properties: {} }]
        : [];
    this.source('ellipse').setData(collection(outline));
    const component = detail?.component;
    this.source('because').setData(
      collection(detail && component ? becauseFeatures(detail, component) : []),
    );
    this.map.removeFeatureState({ source: 'views' });
    const eye = place.cameraId ?? row?.camera_id;
    if (chosen && eye) this.map.setFeatureState({ source: 'views', id: eye }, { chosen: true });
    this.map.setFilter('cell-shown', cellShown(caseView.showsCell && detail ? detail.cell : null));
  }

  /** Ages on the map move on once every ten seconds. */
  private tick(): void {
    const minute = Math.floor(clock.now / 10_000) / 6;
    if (this.map.getGlobalState().minute !== minute) {
      this.map.setGlobalStateProperty('minute', minute);
    }
  }

  /** An address without a view begins with everything in sight, once. */
  private firstFit(): void {
    if (place.view || !openCases.loaded || !reference.camerasLoaded) return;
    const bounds = boundsOf([...untrack(() => queue.all), ...reference.cameras]);
    if (bounds) this.map.fitBounds(bounds, { padding: 72, maxZoom: 16, duration: 0 });
  }
}
