"""Labels from a published network: for classes that the labels of the photographs leave out, and
for all of them in photographs labelled for something else."""

import numpy as np
import torch

import measure
from data import EMPTY, tensor
from yolox import YoloxNano

COCO_CLASSES = 80
# From this confidence on the teacher is believed.
BELIEVED = 0.35
# What overlaps a thing by this much is that thing, which somebody labelled as something else.
MISTAKEN_IOU = 0.3


@torch.no_grad()
def teach(frames, recipe, file):
    """Adds to the truths of labelled frames what the network at `file` sees of `recipe.taught`, and
    to those of strange ones what it sees of every class."""
    teacher = YoloxNano(COCO_CLASSES)
    teacher.take(file, range(COCO_CLASSES))
    teacher.eval().to(memory_format=torch.channels_last)
    of = dict(zip(recipe.published, range(len(recipe.classes))))
    taught = [recipe.classes.index(name) for name in recipe.taught]
    for index in range(frames.quiet_from):
        classes, boxes = frames.truths[index]
        strange = index >= frames.strange_from
        output = teacher(tensor([frames.frames[index]]))[0].numpy()
        seen = [
            (of[row], box)
            for row, _, box in measure.found(output, across_classes=False, least=BELIEVED)
            if row in of
            and (not mistaken(box, boxes[classes == EMPTY]) if strange else of[row] in taught)
        ]
        if seen:
            more_classes, more_boxes = zip(*seen)
            frames.truths[index] = (
                np.concatenate([classes, more_classes]),
                np.concatenate([boxes, more_boxes]).astype(np.float32),
            )


def mistaken(box, others):
    """Whether a find is one of these things, taken for another."""
    return measure.overlaps(box[None], others).max(initial=0) > MISTAKEN_IOU
