"""Labels from a published network for classes that the labels of the photographs leave out."""

import numpy as np
import torch

import measure
from data import tensor
from yolox import YoloxNano

COCO_CLASSES = 80
# From this confidence on the teacher is believed.
BELIEVED = 0.35


@torch.no_grad()
def teach(frames, recipe, file):
    """Adds to the truths of labelled frames what the network at `file` sees of `recipe.taught`."""
    teacher = YoloxNano(COCO_CLASSES)
    teacher.take(file, range(COCO_CLASSES))
    teacher.eval().to(memory_format=torch.channels_last)
    of = {recipe.published[recipe.classes.index(name)]: name for name in recipe.taught}
    for index in range(frames.quiet_from):
        output = teacher(tensor([frames.frames[index]]))[0].numpy()
        seen = [
            (recipe.classes.index(of[row]), box)
            for row, _, box in measure.found(output, across_classes=False, least=BELIEVED)
            if row in of
        ]
        if seen:
            classes, boxes = frames.truths[index]
            more_classes, more_boxes = zip(*seen)
            frames.truths[index] = (
                np.concatenate([classes, more_classes]),
                np.concatenate([boxes, more_boxes]).astype(np.float32),
            )
