"""Other looks at the same things: mirrored, nearer or farther, elsewhere, in other light."""

import cv2
import numpy as np

from data import FILL

# Of a thing that is cut off, as much as this must be left for it to count, and as many pixels.
LEFT_OVER = 0.5
LEAST_PIXELS = 3


def placed(picture, classes, boxes, zoom, shift, canvas):
    """Lays a picture onto the canvas, in place; zoom and shift are pairs of x and y."""
    height, width = canvas.shape[:2]
    zoom, shift = np.float32(zoom), np.float32(shift)
    # OpenCV places pixel centres on whole numbers, boxes are pixel edges.
    matrix = np.column_stack([np.diag(zoom), shift + (zoom - 1) / 2])
    cv2.warpAffine(
        np.ascontiguousarray(picture), matrix, (width, height), dst=canvas,
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT,
    )
    boxes = boxes * np.tile(zoom, 2) + np.tile(shift, 2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    boxes = np.clip(boxes, 0, np.float32([width, height] * 2))
    sides = boxes[:, 2:] - boxes[:, :2]
    enough = (sides.prod(1) > LEFT_OVER * area) | (classes < 0)
    seen = enough & (sides.min(1, initial=np.inf) >= LEAST_PIXELS)
    return classes[seen], boxes[seen]


def mirrored(picture, classes, boxes, rng):
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        left, top, right, bottom = boxes.T
        width = picture.shape[1]
        boxes = np.stack([width - right, top, width - left, bottom], 1)
    return picture, classes, boxes


def zoom_of(looks, rng):
    zoom = np.exp(rng.uniform(np.log(looks.farthest), np.log(looks.nearest)))
    stretch = np.exp(rng.uniform(-0.5, 0.5) * np.log(looks.stretch))
    return np.array([zoom * stretch, zoom / stretch])


def shift_of(source, target, zoom, rng):
    """Anywhere within the canvas where it is smaller, filling the canvas where it is larger."""
    room = np.array(target) - np.array(source) * zoom
    return rng.uniform(np.minimum(room, 0), np.maximum(room, 0))


def seen_again(picture, classes, boxes, size, looks, rng, backdrop):
    """One picture; `size` is (width, height) of the canvas, `backdrop` what may stand around it."""
    picture, classes, boxes = mirrored(picture, classes, boxes, rng)
    source = picture.shape[1::-1]
    zoom = np.array(size) / source
    if rng.random() < 0.8:
        zoom = zoom * zoom_of(looks, rng)
    canvas = np.full((size[1], size[0], 3), FILL, np.uint8)
    if (source * zoom < size).any() and backdrop is not None and rng.random() < looks.backdrop:
        canvas = cv2.resize(backdrop, size, interpolation=cv2.INTER_LINEAR)
    classes, boxes = placed(
        picture, classes, boxes, zoom, shift_of(source, size, zoom, rng), canvas
    )
    return canvas, classes, boxes


def mosaic(four, size, looks, rng):
    """Four pictures (picture, classes, boxes) that meet in one point."""
    width, height = size
    canvas = np.full((height, width, 3), FILL, np.uint8)
    x, y = (int(side * rng.uniform(0.35, 0.65)) for side in size)
    parts = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    all_classes, all_boxes = [], []
    for one, (left, top, right, bottom) in zip(four, parts):
        picture, classes, boxes = mirrored(*one, rng)
        part = (right - left, bottom - top)
        source = picture.shape[1::-1]
        # At least as large as its part, at most as it was.
        least = max(part[0] / source[0], part[1] / source[1])
        zoom = np.full(2, least * np.exp(rng.uniform(0, np.log(looks.nearest))))
        shift = shift_of(source, part, zoom, rng)
        classes, boxes = placed(
            picture, classes, boxes, zoom, shift, canvas[top:bottom, left:right]
        )
        all_classes.append(classes)
        all_boxes.append(boxes + np.float32([left, top] * 2))
    return canvas, np.concatenate(all_classes), np.concatenate(all_boxes)


def in_other_light(picture, rng):
    if rng.random() < 0.8:
        gain = rng.uniform(0.65, 1.35) * rng.uniform(0.9, 1.1, 3)
        contrast, shift, middle = rng.uniform(0.75, 1.25), rng.uniform(-12, 12), picture.mean()
        levels = ((np.arange(256)[:, None] - middle) * contrast + middle) * gain + shift
        picture = cv2.LUT(picture, np.clip(levels, 0, 255).astype(np.uint8)[None])
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(1, 6), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture


def augment(frames, index, looks, size, rng, quiet, whole):
    """What the network sees of picture `index`: (picture, classes, boxes).

    `quiet` are indices of pictures without anything, `whole` leaves out the mosaics.
    """
    def one(of):
        return frames.frames[of], *frames.truths[of]

    if not whole and rng.random() < looks.mosaic:
        others = rng.integers(len(frames), size=3)
        seen = mosaic([one(index), *map(one, others)], size, looks, rng)
    else:
        backdrop = frames.frames[rng.choice(quiet)] if len(quiet) else None
        seen = seen_again(*one(index), size, looks, rng, backdrop)
    picture, classes, boxes = seen
    return in_other_light(picture, rng), classes, boxes.astype(np.float32)
