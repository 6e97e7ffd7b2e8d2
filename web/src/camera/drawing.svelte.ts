import type { Corner } from '../api/zones';

/** A shape that is being drawn on a camera's picture. */
export class Drawing {
  /** Corners so far; null: nothing is being drawn. */
  corners = $state.raw<Corner[] | null>(null);

  begin(): void {
    this.corners = [];
  }

  add(corner: Corner): void {
    if (this.corners) this.corners = [...this.corners, corner];
  }

  takeBack(): void {
    if (this.corners) this.corners = this.corners.slice(0, -1);
  }

  cancel(): void {
    this.corners = null;
  }
}
