import type { Map as MapLibre } from 'maplibre-gl';
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

/** A square: the shape of what a camera saw. The fill is the state. */
function caseIcon(fill: string, halo: string): ImageData {
  return drawn(18, (pen) => {
    pen.beginPath();
    pen.roundRect(2.5, 2.5, 13, 13, 3);
    pen.lineWidth = 3;
    pen.strokeStyle = halo;
    pen.stroke();
    pen.fillStyle = fill;
    pen.fill();
  });
}

function cameraIcon(fill: string, glyph: string, halo: string): ImageData {
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
  });
}

/** Puts the symbols into the map, or repaints them in another theme's colours. */
export function setIcons(map: MapLibre, colours: Palette): void {
  const icons = {
    'case-reported': caseIcon(colours.reported, colours.halo),
    camera: cameraIcon(colours.camera, colours.onCamera, colours.halo),
  };
  for (const [name, image] of Object.entries(icons)) {
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: RATIO });
  }
}
