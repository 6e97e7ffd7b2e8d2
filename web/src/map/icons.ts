import type { Map as MapLibre } from 'maplibre-gl';
import { OUTLINES, PHASES, type Phase, SHAPES, type Shape } from '../case/phase';
import type { Palette } from './palette';

/** Drawn at four times the size and shown at half of that, so edges stay sharp on any screen. */
const RATIO = 4;

function drawn(size: number, draw: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * RATIO;
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser cannot draw on a canvas');
  pen.scale(RATIO, RATIO);
  draw(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** A case: the shape says what told of it, the fill how far it is; hollow: somebody else's move. */
function caseIcon(shape: Shape, fill: string, { halo, land }: Palette, mine: boolean): ImageData {
  return drawn(18, (pen) => {
    const outline = new Path2D(OUTLINES[shape]);
    pen.translate(2.4, 2.4);
    pen.scale(1.1, 1.1);
    pen.lineJoin = 'round';
    pen.lineWidth = mine ? 2.6 : 4;
    pen.strokeStyle = halo;
    pen.stroke(outline);
    pen.fillStyle = mine ? fill : land;
    pen.fill(outline);
    if (mine) return;
    pen.lineWidth = 2;
    pen.strokeStyle = fill;
    pen.stroke(outline);
  });
}

/** The name of a case's icon. */
export function iconOf(phase: Phase, shape: Shape, mine: boolean): string {
  return `case-${phase}-${shape}-${mine ? 'solid' : 'hollow'}`;
}

function caseIcons(colours: Palette): [string, ImageData][] {
  return PHASES.flatMap((phase) =>
    SHAPES.flatMap((shape) =>
      [true, false].map((mine): [string, ImageData] => [
        iconOf(phase, shape, mine),
        caseIcon(shape, colours[phase], colours, mine),
      ]),
    ),
  );
}

/** A mark at the upper right says that something is wrong with it: a point, or a stroke through one that is silent. */
type Mark = 'none' | 'point' | 'stroke';

function cameraIcon(fill: string, glyph: string, halo: string, mark: Mark): ImageData {
  return drawn(22, (pen) => {
    pen.beginPath();
    pen.arc(11, 11, 8.5, 0, 2 * Math.PI);
    pen.lineWidth = 3;
    pen.strokeStyle = halo;
    pen.stroke();
    pen.fillStyle = fill;
    pen.fill();
    pen.fillStyle = glyph;
    pen.beginPath();
    pen.roundRect(5.8, 8.2, 7.2, 5.6, 1.2);
    pen.moveTo(13.4, 10.4);
    pen.lineTo(16.2, 8.6);
    pen.lineTo(16.2, 13.4);
    pen.lineTo(13.4, 11.6);
    pen.fill();
    if (mark === 'stroke') {
      pen.beginPath();
      pen.moveTo(5.2, 16.8);
      pen.lineTo(16.8, 5.2);
      pen.lineWidth = 2.2;
      pen.strokeStyle = glyph;
      pen.stroke();
    }
    if (mark === 'point') {
      pen.beginPath();
      pen.roundRect(15.4, 1.4, 3, 7, 1.4);
      pen.roundRect(15.4, 9.4, 3, 3, 1.4);
      pen.lineWidth = 2.4;
      pen.strokeStyle = halo;
      pen.stroke();
      pen.fillStyle = fill;
      pen.fill();
    }
  });
}

/** Somebody on duty: a head and shoulders. */
function personIcon(fill: string, glyph: string, halo: string): ImageData {
  return drawn(22, (pen) => {
    pen.beginPath();
    pen.roundRect(2.5, 2.5, 17, 17, 5);
    pen.lineWidth = 3;
    pen.strokeStyle = halo;
    pen.stroke();
    pen.fillStyle = fill;
    pen.fill();
    pen.fillStyle = glyph;
    pen.beginPath();
    pen.arc(11, 8.4, 2.9, 0, 2 * Math.PI);
    pen.fill();
    pen.beginPath();
    pen.arc(11, 17, 5, Math.PI, 2 * Math.PI);
    pen.fill();
  });
}

/** Puts the symbols into the map, or repaints them in another theme's colours. */
export function setIcons(map: MapLibre, colours: Palette): void {
  const icons: [string, ImageData][] = [
    ...caseIcons(colours),
    ['camera', cameraIcon(colours.camera, colours.onCamera, colours.halo, 'none')],
    ['camera-ill', cameraIcon(colours.over, colours.onCamera, colours.halo, 'point')],
    ['collector', personIcon(colours.verify, colours.onCamera, colours.halo)],
    ['collector-away', personIcon(colours.closed, colours.onCamera, colours.halo)],
    ['camera-offline', cameraIcon(colours.closed, colours.onCamera, colours.halo, 'stroke')],
  ];
  for (const [name, image] of icons) {
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: RATIO });
  }
}
