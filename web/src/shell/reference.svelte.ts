import { cameras, catalogue, units } from '../api/client';
import type { CameraView, CatalogueClass, Unit } from '../api/types';
import { i18n } from '../i18n/index.svelte';

/** What changes rarely: the catalogue, the units, the cameras. */
class Reference {
  private classes = $state.raw(new Map<string, CatalogueClass>());
  units = $state.raw<Unit[]>([]);
  cameras = $state.raw<CameraView[]>([]);
  camerasLoaded = $state(false);

  async load(): Promise<void> {
    const [{ classes }, { units: list }] = await Promise.all([catalogue(), units()]);
    this.classes = new Map(classes.map((each) => [each.code, each]));
    this.units = list;
  }

  async loadCameras(): Promise<void> {
    this.cameras = (await cameras()).cameras;
    this.camerasLoaded = true;
  }

  /** A class's name in the language in use; its code while the catalogue is not here. */
  className(code: string): string {
    const found = this.classes.get(code);
    return found ? i18n.name(found) : code;
  }

  camera(cameraId: string): CameraView | undefined {
    return this.cameras.find((camera) => camera.id === cameraId);
  }

  componentClasses(): CatalogueClass[] {
    return [...this.classes.values()].filter((each) => each.kind === 'component');
  }
}

export const reference = new Reference();
