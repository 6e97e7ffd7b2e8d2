"""Turns a checkpoint, or the mean of several, into a model folder: network, manifest, golden picture.

Thresholds are chosen on the `valid` pictures: per class the lowest from which on enough finds are
right, and at which hardly any of the `quiet` pictures has a find of it. Everything is measured on
the exported network in ONNX Runtime.
"""

import argparse
import hashlib
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import torch

import measure
from data import Frames, fit, read_picture, tensor
from network import STRIDES
from recipe import RECIPES
from teacher import teach

MANIFEST = """# What the network expects and means; read strictly, see src/vision/manifest/.
name = "{name}"
version = "{version}"
licence = "Apache-2.0"
file = "{name}.onnx"
sha256 = "{sha256}"

[input]
tensor = "images"
width = {width}
height = {height}
{step}colour = "bgr"
mean = [0.0, 0.0, 0.0]
scale = [{scale}, {scale}, {scale}] # 1 / 255
letterbox = "centre"
fill = 114

[output]
tensor = "output"
layout = "yolov8"

[nms]
iou = {nms}
across_classes = {across}

[golden]
picture = "golden.jpg"
"""


def mean_of(checkpoints):
    """Late epochs of one run lie around the same place; their middle is better than most of them."""
    weights = [torch.load(file, weights_only=True)["average"] for file in checkpoints]
    return {
        name: torch.stack([one[name] for one in weights]).float().mean(0).to(first.dtype)
        for name, first in weights[0].items()
    }


def onnx_of(network, width, height, file, open_sides):
    """`open_sides`: the network takes any sides that its strides divide."""
    torch.onnx.export(
        network,
        torch.zeros(1, 3, height, width),
        str(file),
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {2: "height", 3: "width"}, "output": {2: "anchors"}}
        if open_sides
        else None,
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(file))


def session_of(file, sides=()):
    """`sides`: height and width that are to stay, where the network leaves them open."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    for name, length in zip(("height", "width"), sides):
        options.add_free_dimension_override_by_name(name, length)
    return onnxruntime.InferenceSession(
        str(file),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["QuickGeluFusion"],  # as src/vision/runtime.rs
    )


def run(session, picture):
    return session.run(None, {"images": tensor([picture]).contiguous().numpy()})[0][0]


def reported(outputs, recipe, thresholds):
    """What the service reports of each output; of a class without a threshold nothing."""
    least = np.array([thresholds.get(name, math.inf) for name in recipe.classes])
    return [measure.found(output, recipe.across_classes, least) for output in outputs]


def quiet_threshold(finds, name_index, share):
    """The confidence above which at most this share of empty frames has a find of a class."""
    loudest = (
        max((sure for name, sure, _ in of if name == name_index), default=0.0) for of in finds
    )
    loudest = sorted(loudest, reverse=True)
    return loudest[int(share * len(loudest))] if loudest else 0.0


def thresholds_of(finds, frames, recipe, least_precision, quiet_share):
    labelled = frames.quiet_from
    rows = measure.table_of(finds[:labelled], frames, recipe.classes, least_precision)
    measure.show(rows)
    thresholds = {}
    for index, (name, row) in enumerate(rows.items()):
        least = max(row["threshold"], quiet_threshold(finds[labelled:], index, quiet_share))
        thresholds[name] = math.floor(min(max(least, 0.3), 0.95) * 100 + 1) / 100
    return thresholds


def golden_of(finds, outputs, frames, recipe, thresholds):
    """The picture that shows most classes, everything found right and nothing near a threshold."""
    def worth(index):
        (seen,) = reported(outputs[index : index + 1], recipe, thresholds)
        near = any(
            abs(confidence - thresholds[recipe.classes[name]]) < 0.06
            for name, confidence, _ in finds[index]
        )
        right = sorted(name for name, _, _ in seen) == sorted(frames.truths[index][0])
        return (right and not near, len({name for name, _, _ in seen}), -len(seen))

    return frames.files[max(range(frames.quiet_from), key=worth)]


def golden_boxes(session, file, recipe, thresholds):
    """What the model reports of a picture, in pixels of it, as lines of a manifest."""
    tall, wide = cv2.imread(str(file)).shape[:2]
    sides = (recipe.width, recipe.height)
    if recipe.open_sides:  # as the service lays it: no more than the picture fills
        _, _, content, _ = fit(wide, tall, *sides)
        sides = [-(-side // max(STRIDES)) * max(STRIDES) for side in content]
    picture, (scale_x, scale_y, left, top) = read_picture(file, wide, tall, *sides)
    text = ""
    (seen,) = reported([run(session, picture)], recipe, thresholds)
    for name, confidence, box in seen:
        x0, y0, x1, y1 = (
            min(max((value - shift) / scale, 0.0), side)  # the service keeps boxes in the picture
            for value, shift, scale, side in zip(
                box, (left, top) * 2, (scale_x, scale_y) * 2, (wide, tall) * 2
            )
        )
        text += (
            f'\n[[golden.boxes]]\nlabel = "{recipe.classes[name]}"\n'
            f"confidence = {confidence:.3f}\n"
            f"left = {x0:.1f}\ntop = {y0:.1f}\nright = {x1:.1f}\nbottom = {y1:.1f}\n"
        )
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("checkpoint", type=Path, nargs="+", help="several: the mean of their weights")
    parser.add_argument("--valid", type=Path, nargs="+", required=True, help="folders kept back")
    parser.add_argument(
        "--quiet", type=Path, nargs="*", default=[], help="those without anything of the classes"
    )
    parser.add_argument(
        "--teacher", type=Path, help="published network (.onnx) that labels what no label names"
    )
    parser.add_argument("--golden", type=Path, help="a picture; none: the best of `valid`")
    parser.add_argument("--out", type=Path, help="none: the recipe's folder beside this one")
    parser.add_argument("--version", required=True)
    parser.add_argument("--precision", type=float, default=0.9, help="least, by class")
    parser.add_argument(
        "--quiet-share", type=float, default=0.003, help="most quiet pictures with a find, by class"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)

    recipe = RECIPES[args.recipe]
    network = recipe.network(len(recipe.classes))
    network.load_state_dict(mean_of(args.checkpoint))
    network.eval()
    out = args.out or Path("..") / recipe.name
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{recipe.name}.onnx"
    onnx_of(network, recipe.width, recipe.height, file, recipe.open_sides)

    session = session_of(file)
    valid = Frames(recipe, args.valid, args.quiet)
    if recipe.taught:
        teach(valid, recipe, args.teacher)
    outputs = [run(session, picture) for picture in valid.frames]
    finds = [measure.found(output, recipe.across_classes) for output in outputs]
    thresholds = thresholds_of(finds, valid, recipe, args.precision, args.quiet_share)
    golden = args.golden or golden_of(finds, outputs, valid, recipe, thresholds)
    if golden.resolve() != (out / "golden.jpg").resolve():
        shutil.copy(golden, out / "golden.jpg")
    text = MANIFEST.format(
        name=recipe.name,
        version=args.version,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        width=recipe.width,
        height=recipe.height,
        step=f"step = {max(STRIDES)}\n" if recipe.open_sides else "",
        scale=repr(1 / 255),
        nms=measure.NMS_IOU,
        across=str(recipe.across_classes).lower(),
    )
    text += golden_boxes(session, golden, recipe, thresholds) or "boxes = []\n"
    for name in recipe.classes:
        text += f'\n[[classes]]\nlabel = "{name}"\n'
        if name in recipe.catalogue:
            text += f'class = "{recipe.catalogue[name]}"\n'
        text += f"threshold = {thresholds[name]}\n"
    (out / "model.toml").write_text(text)
    print(f"{file}: {file.stat().st_size} bytes, thresholds {thresholds}, golden picture {golden}")


if __name__ == "__main__":
    main()
