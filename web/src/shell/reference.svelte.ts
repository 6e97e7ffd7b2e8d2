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

  allClasses(): CatalogueClass[] {
    return [...this.classes.values()];
  }

  /** The class of a name as a person types it, in either language, or of its code. */
  codeOf(name: string): string | null {
    const words = name.trim().toLowerCase();
    if (words === '') return null;
    const found = this.allClasses().find(({ code, name_zh, name_en }) =>
      [code, name_zh, name_en].some((each) => each.toLowerCase() === words),
    );
    return found?.code ?? null;
  }

  camera(cameraId: string): CameraView | undefined {
    return this.cameras.find((camera) => camera.id === cameraId);
  }

  componentClasses(): CatalogueClass[] {
    return [...this.classes.values()].filter((each) => each.kind === 'component');
  }
}

export const reference = new Reference();
