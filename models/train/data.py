"""Labelled pictures as `cityward demo-frames` writes them, kept in memory at the input's size."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch

CLASSES = ("overflow", "garbage", "stall", "water", "open_cover", "bin", "cover")
FILL = 114


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

    def __init__(self, folders, width, height):
        self.files, self.frames, self.truths, self.placements, self.edges = [], [], [], [], []
        for folder in map(Path, folders):
            self.add(folder, width, height)

    def add(self, folder, width, height):
        for line in map(json.loads, (folder / "labels.jsonl").read_text().splitlines()):
            canvas, placement = read_picture(
                folder / line["file"], line["width"], line["height"], width, height
            )
            scale_x, scale_y, left, top = placement
            boxes = [
                [
                    box["left"] * scale_x + left,
                    box["top"] * scale_y + top,
                    box["right"] * scale_x + left,
                    box["bottom"] * scale_y + top,
                ]
                for box in line["boxes"]
            ]
            classes = [CLASSES.index(box["label"]) for box in line["boxes"]]
            self.files.append(folder / line["file"])
            self.frames.append(canvas)
            self.truths.append(
                (np.array(classes, np.int64), np.array(boxes, np.float32).reshape(-1, 4))
            )
            self.placements.append(placement)
            self.edges.append(
                np.array(
                    [left, top, left + line["width"] * scale_x, top + line["height"] * scale_y],
                    np.float32,
                )
            )

    def __len__(self):
        return len(self.frames)


def tensor(pictures):
    """[N, height, width, 3] bytes to [N, 3, height, width], 0 to 1."""
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return batch.to(torch.float32, memory_format=torch.channels_last) / 255


def augment(picture, classes, boxes, rng):
    """Another look at the same street: mirrored, nearer or farther, in other light."""
    height, width = picture.shape[:2]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
    if rng.random() < 0.7:
        zoom = float(np.exp(rng.uniform(np.log(0.75), np.log(1.5))))
        shift_x = float(rng.uniform(min(0, width - width * zoom), max(0, width - width * zoom)))
        shift_y = float(rng.uniform(min(0, height - height * zoom), max(0, height - height * zoom)))
        matrix = np.array([[zoom, 0, shift_x], [0, zoom, shift_y]], np.float32)
        # OpenCV places pixel centres on whole numbers, boxes are pixel edges.
        centred = matrix.copy()
        centred[:, 2] += (zoom - 1) / 2
        picture = cv2.warpAffine(
            np.ascontiguousarray(picture), centred, (width, height),
            flags=cv2.INTER_LINEAR, borderValue=(FILL, FILL, FILL),
        )
        boxes = boxes * zoom + np.array([shift_x, shift_y] * 2, np.float32)
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        boxes = np.clip(boxes, 0, np.array([width, height] * 2, np.float32))
        left = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        seen = (left > 0.5 * area) & (boxes[:, 3] - boxes[:, 1] >= 3)
        classes, boxes = classes[seen], boxes[seen]
    light = picture.astype(np.float32)
    if rng.random() < 0.8:
        gain = rng.uniform(0.65, 1.35) * rng.uniform(0.92, 1.08, 3)
        middle = light.mean()
        light = (light - middle) * rng.uniform(0.75, 1.25) + middle
        light = light * gain.astype(np.float32) + rng.uniform(-12, 12)
    if rng.random() < 0.3:
        light = light + rng.normal(0, rng.uniform(1, 6), light.shape).astype(np.float32)
    return np.clip(light, 0, 255).astype(np.uint8), classes, boxes.astype(np.float32)
