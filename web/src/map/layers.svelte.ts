import type { LayerChoice } from './style';

const STORED = 'cityward.layers';

const EVERYTHING: LayerChoice = {
  cells: true,
  tint: true,
  components: true,
  cameras: true,
  collectors: true,
  views: true,
  buildings: true,
};

function stored(): Partial<LayerChoice> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<LayerChoice>;
  } catch {
    return {};
  }
}

/** Which layers the person wants to see; remembered in this browser. */
class Layers {
  choice = $state<LayerChoice>({ ...EVERYTHING, ...stored() });

  toggle(layer: keyof LayerChoice): void {
    this.choice[layer] = !this.choice[layer];
    localStorage.setItem(STORED, JSON.stringify(this.choice));
  }
}

export const layers = new Layers();
