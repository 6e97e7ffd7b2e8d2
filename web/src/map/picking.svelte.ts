export interface Spot {
  lon: number;
  lat: number;
}

/** Who wants to know where a person clicks next on the map; without anybody a click selects. */
class Picking {
  private takers = $state.raw<((at: Spot) => void)[]>([]);
  /** How many maps are on the page. */
  private maps = $state(0);
  readonly active = $derived(this.takers.length > 0);
  readonly mapShown = $derived(this.maps > 0);

  /** Takes clicks until the returned function is called. */
  begin(take: (at: Spot) => void): () => void {
    this.takers = [...this.takers, take];
    return () => {
      this.takers = this.takers.filter((each) => each !== take);
    };
  }

  /** Gives a click to the latest who asked; false when nobody did. */
  offer(at: Spot): boolean {
    const take = this.takers.at(-1);
    take?.(at);
    return take !== undefined;
  }

  mapIs(shown: boolean): void {
    this.maps += shown ? 1 : -1;
  }
}

export const picking = new Picking();
