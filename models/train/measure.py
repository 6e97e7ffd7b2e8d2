"""How good a detector is: average precision by class, thresholds, false boxes."""

import numpy as np

NMS_IOU = 0.5
# A find that overlaps a thing of its class by this much means that thing, however loose its box;
# thresholds are chosen by it.
MEANT_IOU = 0.3
# `cityward demo-frames` labels nothing of which less than half can be seen. A find this near to the
# picture's edge, in pixels of the input, that matches no label is therefore not held against the
# network: half a thing may well be there.
EDGE = 3.0


def overlaps(a, b):
    """IoU of every box of a with every box of b: [len(a), len(b)]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    area = lambda box: (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return shared / (area(a)[:, None] + area(b)[None] - shared + 1e-6)


def found(output, across_classes=True, least=0.05):
    """Boxes of one picture, as `src/vision/reading/` makes them: first what is under the least
    confidence (one for all classes, or one each) goes, then boxes that say the same.

    output: [4 + classes, cells]; returns (class, confidence, box), most confident first.
    """
    scores = output[4:]
    classes, confidences = scores.argmax(0), scores.max(0)
    keep = np.flatnonzero(confidences >= np.broadcast_to(least, len(scores))[classes])
    keep = keep[np.argsort(-confidences[keep], kind="stable")][:300]
    x, y, w, h = output[:4, keep]
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
    shared = overlaps(boxes, boxes)
    if not across_classes:
        shared = shared * (classes[keep][:, None] == classes[keep][None])
    kept = []
    for index in range(len(keep)):
        if all(shared[index, other] <= NMS_IOU for other in kept):
            kept.append(index)
    return [(int(classes[keep[i]]), float(confidences[keep[i]]), boxes[i]) for i in kept]


def matched(finds, frames, names, iou=0.5):
    """Per class: confidences, whether each was right, and the number of true things."""
    table = {name: ([], [], 0) for name in names}
    for boxes, (true_classes, true_boxes), edges in zip(finds, frames.truths, frames.edges):
        taken = np.zeros(len(true_classes), bool)
        for name_index, confidence, box in boxes:
            best = -1
            if len(true_boxes):
                shared = overlaps(box[None], true_boxes)[0] * (true_classes == name_index) * ~taken
                best = int(shared.argmax()) if shared.max() >= iou else -1
            if best >= 0:
                taken[best] = True
            elif edges is not None and np.abs(box - edges).min() < EDGE:
                continue
            confidences, right, _ = table[names[name_index]]
            confidences.append(confidence)
            right.append(best >= 0)
        for index, name in enumerate(names):
            confidences, right, things = table[name]
            table[name] = (confidences, right, things + int((true_classes == index).sum()))
    return table


def curve(confidences, right, things):
    """Thresholds, precision and recall, from the most confident find down."""
    order = np.argsort(-np.array(confidences), kind="stable")
    hits = np.cumsum(np.array(right, bool)[order])
    precision = hits / np.arange(1, len(hits) + 1)
    return np.array(confidences)[order], precision, hits / max(things, 1)


def average_precision(confidences, right, things):
    if not confidences or not things:
        return float("nan")
    _, precision, recall = curve(confidences, right, things)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0], recall])) * precision))


def threshold(confidences, right, things, least_precision, least=0.3):
    """The lowest threshold from which on precision holds, and precision and recall there."""
    if not confidences:
        return 0.9, float("nan"), 0.0
    values, precision, recall = curve(confidences, right, things)
    good = np.flatnonzero((precision >= least_precision) & (values >= least))
    at = int(good[-1]) if len(good) else 0
    return float(values[at]), float(precision[at]), float(recall[at])


def table_of(finds, frames, names, least_precision=0.97):
    """One row per class: AP50, threshold, precision and recall there, things."""
    exact, meant = matched(finds, frames, names), matched(finds, frames, names, MEANT_IOU)
    rows = {}
    for name in names:
        at, precision, recall = threshold(*meant[name], least_precision)
        rows[name] = {
            "ap50": average_precision(*exact[name]),
            "threshold": at,
            "precision": precision,
            "recall": recall,
            "things": exact[name][2],
        }
    return rows


def show(rows):
    print(f"{'class':<12}{'AP50':>7}{'threshold':>11}{'precision':>11}{'recall':>8}{'things':>8}")
    for name, row in rows.items():
        print(
            f"{name:<12}{row['ap50']:7.3f}{row['threshold']:11.2f}{row['precision']:11.3f}"
            f"{row['recall']:8.3f}{row['things']:8d}"
        )
    scored = [row["ap50"] for row in rows.values() if row["things"]]
    print(f"mean AP50 {np.mean(scored):.3f}", flush=True)


def average_over_overlaps(finds, frames, names):
    """Mean over the overlaps 0.5, 0.55 ... 0.95 of the average precision, by class (COCO's AP)."""
    tables = [matched(finds, frames, names, iou) for iou in np.arange(0.5, 0.96, 0.05)]
    return {name: np.mean([average_precision(*table[name]) for table in tables]) for name in names}


def confusion(finds, frames, names, iou=0.5):
    """Counts [truth, find]; the last row is finds of nothing, the last column things not found."""
    nothing = len(names)
    counts = np.zeros((nothing + 1, nothing + 1), int)
    for boxes, (true_classes, true_boxes) in zip(finds, frames.truths):
        free = np.ones(len(true_classes), bool)
        for name, _, box in boxes:
            shared = overlaps(box[None], true_boxes)[0] * free if len(true_boxes) else np.zeros(1)
            if shared.max() >= iou:
                counts[true_classes[shared.argmax()], name] += 1
                free[shared.argmax()] = False
            else:
                counts[nothing, name] += 1
        for name in true_classes[free]:
            counts[name, nothing] += 1
    return counts


def blame(finds, truth, iou=0.5):
    """How badly one picture went: confidence of what is not there, and what was missed."""
    true_classes, true_boxes = truth
    free, wrong = np.ones(len(true_classes), bool), 0.0
    for name, confidence, box in finds:
        shared = np.zeros(1)
        if len(true_boxes):
            shared = overlaps(box[None], true_boxes)[0] * free * (true_classes == name)
        if shared.max() >= iou:
            free[shared.argmax()] = False
        else:
            wrong += confidence
    return wrong + 0.5 * free.sum()
