"""Labelled pictures, kept in memory at the input's size: those that `cityward demo-frames` writes,
with `labels.jsonl`, and photographs in `images/` with a text file each in `labels/`."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch

FILL = 114
# More than any folder of photographs has.
STRANGE_CLASSES = 1000
# Classes of boxes that are no things: one in which there is certainly nothing of the classes, and
# one in which nobody knows.
EMPTY, UNKNOWN = -1, -2
SIDES = ("left", "top", "right", "bottom")


def fit(frame_width, frame_height, width, height):
    """How a frame lies in the input, exactly as `src/vision/fit.rs` lays it."""
    if width * frame_height <= height * frame_width:
        content = (width, max((width * frame_height + frame_width // 2) // frame_width, 1))
    else:
        content = (max((height * frame_width + frame_height // 2) // frame_height, 1), height)
    for reduction in (8, 4, 2, 1):
        decoded = (-(-frame_width // reduction), -(-frame_height // reduction))
        if decoded[0] >= content[0] and decoded[1] >= content[1]:
            break
    offset = ((width - content[0]) // 2, (height - content[1]) // 2)
    return reduction, decoded, content, offset


def read_picture(path, frame_width, frame_height, width, height):
    """The letterboxed picture [height, width, 3] and (scale x, scale y, left, top) of it."""
    reduction, decoded, content, (left, top) = fit(frame_width, frame_height, width, height)
    flags = {
        1: cv2.IMREAD_COLOR,
        2: cv2.IMREAD_REDUCED_COLOR_2,
        4: cv2.IMREAD_REDUCED_COLOR_4,
        8: cv2.IMREAD_REDUCED_COLOR_8,
    }[reduction]
    picture = cv2.imread(str(path), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if (picture.shape[1], picture.shape[0]) != content:
        picture = cv2.resize(picture, content, interpolation=cv2.INTER_LINEAR)
    canvas = np.full((height, width, 3), FILL, np.uint8)
    canvas[top : top + content[1], left : left + content[0]] = picture
    scale_x = content[0] / (decoded[0] * reduction)
    scale_y = content[1] / (decoded[1] * reduction)
    return canvas, (scale_x, scale_y, left, top)


class Frames:
    """Pictures of some folders with their true classes and boxes in pixels of the input."""

    def __init__(self, recipe, folders, quiet=(), strange=()):
        """In the `quiet` folders there is nothing of the classes, whatever their labels say. In the
        `strange` ones what is labelled is none of them; where they are is for `teacher.py` to say."""
        self.width, self.height = recipe.width, recipe.height
        self.files, self.folders, self.frames, self.truths, self.edges = [], [], [], [], []
        for folder in map(Path, folders):
            if (folder / "labels.jsonl").exists():
                self.rendered(folder, recipe.classes)
            else:
                self.photographs(folder, [recipe.classes.index(name) for name in recipe.numbers])
        self.strange_from = len(self.frames)
        for folder in map(Path, strange):
            self.photographs(folder, [EMPTY] * STRANGE_CLASSES)
        for index in range(self.strange_from, len(self.frames)):
            classes, boxes = self.truths[index]
            whole = np.float32([[0, 0, self.width, self.height]])
            self.truths[index] = (
                np.append(classes, UNKNOWN), np.concatenate([boxes, whole]).astype(np.float32)
            )
        self.quiet_from = len(self.frames)
        for folder in map(Path, quiet):
            self.photographs(folder, None)

    def rendered(self, folder, names):
        for line in map(json.loads, (folder / "labels.jsonl").read_text().splitlines()):
            classes = [names.index(box["label"]) for box in line["boxes"]]
            boxes = [[box[side] for side in SIDES] for box in line["boxes"]]
            size = (line["width"], line["height"])
            self.edges.append(self.add(folder, folder / line["file"], size, classes, boxes))

    def photographs(self, folder, numbers):
        """Labels: class, then centre and size in parts of the picture, a line each."""
        for file in sorted((folder / "images").iterdir()):
            height, width = cv2.imread(str(file), cv2.IMREAD_IGNORE_ORIENTATION).shape[:2]
            rows = []
            if numbers is not None:
                text = (folder / "labels" / f"{file.stem}.txt").read_text()
                rows = [line.split() for line in text.splitlines() if line.strip()]
            parts = np.array([row[1:] for row in rows], float).reshape(-1, 4)
            boxes = np.concatenate(
                [parts[:, :2] - parts[:, 2:] / 2, parts[:, :2] + parts[:, 2:] / 2], 1
            ) * [width, height, width, height]
            classes = [numbers[int(row[0])] for row in rows]
            self.add(folder, file, (width, height), classes, boxes)
            self.edges.append(None)  # everything is labelled, whole or not

    def add(self, folder, file, size, classes, boxes):
        """Returns the edges of the picture in the input."""
        width, height = size
        canvas, placement = read_picture(file, width, height, self.width, self.height)
        scale_x, scale_y, left, top = placement
        boxes = np.array(boxes, np.float32).reshape(-1, 4)
        boxes = boxes * np.float32([scale_x, scale_y] * 2) + np.float32([left, top] * 2)
        self.files.append(file)
        self.folders.append(folder)
        self.frames.append(canvas)
        self.truths.append((np.array(classes, np.int64), boxes))
        return np.float32([left, top, left + width * scale_x, top + height * scale_y])

    def __len__(self):
        return len(self.frames)


def tensor(pictures):
    """[N, height, width, 3] bytes to [N, 3, height, width], 0 to 1."""
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return batch.to(torch.float32, memory_format=torch.channels_last) / 255
