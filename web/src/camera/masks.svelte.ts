import { type Mask, masks, saveMasks } from '../api/masks';
import { Drawing } from './drawing.svelte';

/** The masks of one camera, and the one that is being drawn. */
export class CameraMasks extends Drawing {
  drawn = $state.raw<Mask[]>([]);

  constructor(readonly cameraId: string) {
    super();
  }

  async load(): Promise<void> {
    this.drawn = (await masks(this.cameraId)).masks;
  }

  async finish(): Promise<void> {
    await this.#save([...this.drawn, { corners: this.corners ?? [] }]);
    this.cancel();
  }

  async remove(mask: Mask): Promise<void> {
    await this.#save(this.drawn.filter((each) => each !== mask));
  }

  async #save(wanted: Mask[]): Promise<void> {
    this.drawn = (await saveMasks(this.cameraId, wanted)).masks;
  }
}
