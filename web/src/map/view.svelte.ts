import type { Map as MapLibre } from 'maplibre-gl';
import type { Bounds } from './shapes';

interface Standpoint {
  center: [number, number];
  zoom: number;
}

const EASE_MS = 250;
const CLOSE_ZOOM = 17;
const LOCK_STORED = 'cityward.view-locked';

/**
 * The only hand on the map besides the person's own. It moves the map when a person asks (a row
 * picked, F, a camera shown) and never by itself.
 */
class MapView {
  locked = $state(localStorage.getItem(LOCK_STORED) === 'yes');
  private map: MapLibre | null = null;
  private before: Standpoint | null = null;
  private wanted: { lon: number; lat: number } | null = null;

  attach(map: MapLibre | null): void {
    this.map = map;
    // Where the person went by hand is not taken away again.
    map?.on('movestart', (event) => {
      if (event.originalEvent) this.before = null;
    });
    if (!map || !this.wanted) return;
    // at once, so that the map has a view and does not look for one
    map.jumpTo({ center: [this.wanted.lon, this.wanted.lat], zoom: CLOSE_ZOOM });
    this.wanted = null;
  }

  /** Brings a place close, and remembers where the view was. */
  show(place: { lon: number; lat: number }, even = false): void {
    if (this.locked && !even) return;
    if (!this.map) {
      this.wanted = place;
      return;
    }
    const center = this.map.getCenter();
    this.before ??= { center: [center.lng, center.lat], zoom: this.map.getZoom() };
    this.map.easeTo({
      center: [place.lon, place.lat],
      zoom: Math.max(this.map.getZoom(), CLOSE_ZOOM),
      duration: EASE_MS,
    });
  }

  /** Back to where the view was before the first `show`. */
  back(): void {
    if (this.before && !this.locked) this.map?.easeTo({ ...this.before, duration: EASE_MS });
    this.before = null;
  }

  fit(bounds: Bounds | null): void {
    if (!bounds) return;
    this.before = null;
    this.map?.fitBounds(bounds, { padding: 72, maxZoom: CLOSE_ZOOM, duration: EASE_MS });
  }

  toggleLock(): void {
    this.locked = !this.locked;
    localStorage.setItem(LOCK_STORED, this.locked ? 'yes' : 'no');
  }
}

export const mapView = new MapView();
