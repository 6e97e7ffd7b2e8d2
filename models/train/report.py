"""What a measurement looks like: tables and pictures."""

import cv2
import numpy as np

import measure

COLOURS = ((60, 60, 220), (60, 160, 60), (200, 120, 30), (30, 160, 200), (160, 60, 160), (90, 90, 90))
INK = (40, 40, 40)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def curves(ranked, thresholds, side=420, margin=48):
    """Precision over recall, a line a class; a ring where the shipped threshold lies."""
    whole = side + 2 * margin
    picture = np.full((whole, whole, 3), 255, np.uint8)

    def at(recall, precision):
        x = margin + np.asarray(recall) * side
        y = margin + (1 - np.asarray(precision)) * side
        return np.stack([x, y], -1).round().astype(int)

    for part in np.linspace(0, 1, 6):
        for line in ([at(part, 0), at(part, 1)], [at(0, part), at(1, part)]):
            cv2.line(picture, line[0].tolist(), line[1].tolist(), (225, 225, 225), 1)
        x, y = at(part, 0).tolist()
        cv2.putText(picture, f"{part:.1f}", (x - 10, y + 16), FONT, 0.38, INK, 1, cv2.LINE_AA)
        x, y = at(0, part).tolist()
        cv2.putText(picture, f"{part:.1f}", (x - 28, y + 4), FONT, 0.38, INK, 1, cv2.LINE_AA)
    cv2.putText(picture, "recall", (whole // 2 - 20, whole - 12), FONT, 0.45, INK, 1, cv2.LINE_AA)
    cv2.putText(picture, "precision", (8, margin - 16), FONT, 0.45, INK, 1, cv2.LINE_AA)
    for row, (name, table) in enumerate(ranked.items()):
        colour = COLOURS[row % len(COLOURS)]
        words = (margin + 12, whole - margin - 14 - 18 * row)
        cv2.putText(picture, name, words, FONT, 0.45, colour, 1, cv2.LINE_AA)
        if not table[0]:
            continue
        values, precision, recall = measure.curve(*table)
        cv2.polylines(picture, [at(recall, precision)], False, colour, 1, cv2.LINE_AA)
        used = np.flatnonzero(values >= thresholds.get(name, 1))
        if len(used):
            point = at(recall[used[-1]], precision[used[-1]]).tolist()
            cv2.circle(picture, point, 5, colour, 2, cv2.LINE_AA)
    return picture


def drawn(picture, finds, truth, names):
    """Finds in the colour of their class with their confidence, what should be found in white."""
    picture = picture.copy()
    for name, box in zip(*truth):
        left, top, right, bottom = box.round().astype(int).tolist()
        cv2.rectangle(picture, (left, top), (right, bottom), (255, 255, 255), 2)
        cv2.putText(picture, names[name], (left + 2, bottom - 4), FONT, 0.4, (255, 255, 255), 1)
    for name, confidence, box in finds:
        left, top, right, bottom = box.round().astype(int).tolist()
        colour = COLOURS[name % len(COLOURS)]
        cv2.rectangle(picture, (left, top), (right, bottom), colour, 1)
        words = f"{names[name]} {confidence:.2f}"
        cv2.putText(picture, words, (left + 2, max(top, 0) + 12), FONT, 0.4, colour, 1)
    return picture


def sheet(pictures, columns=5):
    blank = np.zeros_like(pictures[0])
    pictures = pictures + [blank] * (-len(pictures) % columns)
    return np.vstack(
        [np.hstack(pictures[row : row + columns]) for row in range(0, len(pictures), columns)]
    )
