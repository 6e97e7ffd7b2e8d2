"""Which cells answer for which thing, and what it costs to be wrong.

Cells are assigned by how well their own prediction of class and box fits (task-aligned, after
Feng et al., TOOD, 2021); scores learn how well the box fits (binary cross entropy), boxes learn by
generalised overlap (GIoU).
"""

import torch
from torch.nn import functional as F

from data import EMPTY, UNKNOWN

# Cells that answer for one thing.
CELLS_PER_THING = 9
# How far from the middle of a thing a cell may lie, in its own stride, even outside the thing:
# things smaller than a cell would find none otherwise.
REACH_STRIDES = 1.0


def overlap(a, b):
    """IoU and GIoU of boxes [..., 4] (left, top, right, bottom), element by element."""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(0)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    area = lambda box: (box[..., 2] - box[..., 0]).clamp(0) * (box[..., 3] - box[..., 1]).clamp(0)
    shared, hull = shared.prod(-1), hull.prod(-1)
    union = area(a) + area(b) - shared + 1e-6
    iou = shared / union
    return iou, iou - (hull - union) / (hull + 1e-6)


@torch.no_grad()
def assign(scores, boxes, cells, true_classes, true_boxes):
    """For one picture: thing of every cell (-1: none) and its target score.

    scores [A, C], boxes [A, 4], cells [3, A]; true_classes [T], true_boxes [T, 4].
    """
    count, things = boxes.shape[0], true_boxes.shape[0]
    x, y, stride = cells
    left, top, right, bottom = (side[:, None] for side in true_boxes.unbind(1))
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    near_x = (x - (left + right) / 2).abs() < REACH_STRIDES * stride
    near_y = (y - (top + bottom) / 2).abs() < REACH_STRIDES * stride
    possible = inside | (near_x & near_y)
    iou, _ = overlap(true_boxes[:, None], boxes[None])
    fit = scores[:, true_classes].T.clamp(1e-4) ** 0.5 * iou.clamp(1e-3) ** 4 * possible
    best, cell = fit.topk(min(CELLS_PER_THING, count), dim=1)
    chosen = torch.zeros_like(fit).scatter_(1, cell, (best > 0).to(fit.dtype))
    fit = fit * chosen
    # A cell between two things answers for the one its box overlaps more.
    thing = (iou * chosen).argmax(0)
    taken = chosen.amax(0) > 0
    thing = torch.where(taken, thing, -1)
    own = fit[thing.clamp(0), torch.arange(count)]
    own_iou = torch.where(taken, iou[thing.clamp(0), torch.arange(count)], 0)
    most_fit = torch.zeros(things).scatter_reduce(0, thing.clamp(0), own, "amax")
    most_iou = torch.zeros(things).scatter_reduce(0, thing.clamp(0), own_iou, "amax")
    target = own / most_fit[thing.clamp(0)].clamp(1e-30) * most_iou[thing.clamp(0)].clamp(0.3)
    return thing, torch.where(taken, target.clamp(0, 1), 0)


def known(classes, boxes, cells):
    """1 for the cells of which a picture's truths say whether there is anything, else 0: [A]."""
    x, y, _ = cells
    weight = torch.ones(cells.shape[1])
    for kind, to in ((UNKNOWN, 0.0), (EMPTY, 1.0)):
        for left, top, right, bottom in boxes[classes == kind]:
            weight[(x > left) & (x < right) & (y > top) & (y < bottom)] = to
    return weight


def loss(logits, boxes, cells, truths):
    """Mean loss of a batch as a network predicts it; truths: per picture (classes [T], boxes [T, 4])."""
    boxes, logits = boxes.transpose(1, 2), logits.transpose(1, 2)
    targets = torch.zeros_like(logits)
    box_loss = logits.new_zeros(())
    weights = logits.new_ones(logits.shape[:2])
    for picture, (true_classes, true_boxes) in enumerate(truths):
        weights[picture] = known(true_classes, true_boxes, cells)
        things = true_classes >= 0
        true_classes, true_boxes = true_classes[things], true_boxes[things]
        if len(true_classes) == 0:
            continue
        thing, target = assign(
            logits[picture].detach().sigmoid(), boxes[picture].detach(), cells, true_classes, true_boxes
        )
        taken = thing >= 0
        weights[picture, taken] = 1.0
        targets[picture, taken, true_classes[thing[taken]]] = target[taken]
        _, giou = overlap(boxes[picture, taken], true_boxes[thing[taken]])
        box_loss = box_loss + ((1 - giou) * target[taken]).sum()
    weight = targets.sum().clamp(1)
    # Easy background counts less (quality focal loss).
    score_loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    score_loss = score_loss * (targets - logits.detach().sigmoid()).abs().pow(1.5) * 2 * weights[..., None]
    return score_loss.sum() / weight, 2.0 * box_loss / weight
