"""Turns a checkpoint into a model folder: network, manifest, golden picture.

Thresholds are chosen on the `valid` pictures: per class the lowest from which on at least nine in ten
finds are right. Everything is measured on the exported network in ONNX Runtime.
"""

import argparse
import hashlib
import math
import shutil
from pathlib import Path

import cv2
import onnx
import onnxruntime
import torch

import measure
from data import CLASSES, Frames, tensor
from network import StreetEvents

# What each class is evidence of; a bin or a closed cover is none of anything.
CATALOGUE = {
    "overflow": "M06042",
    "garbage": "M06010",
    "stall": "M09006",
    "water": "E0506",
    "open_cover": "M01002",
}

MANIFEST = """# What the network expects and means; read strictly, see src/vision/manifest.rs.
name = "street-events"
version = "{version}"
licence = "Apache-2.0"
file = "street-events.onnx"
sha256 = "{sha256}"

[input]
tensor = "images"
width = {width}
height = {height}
colour = "bgr"
mean = [0.0, 0.0, 0.0]
scale = [{scale}, {scale}, {scale}] # 1 / 255
letterbox = "centre"
fill = 114

[output]
tensor = "output"
layout = "yolov8"

[nms]
iou = {nms}
across_classes = true

[golden]
picture = "golden.jpg"
"""


def onnx_of(network, width, height, file):
    torch.onnx.export(
        network,
        torch.zeros(1, 3, height, width),
        str(file),
        input_names=["images"],
        output_names=["output"],
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(file))


def session_of(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def look(session, frames):
    """Finds of every frame."""
    return [
        measure.found(session.run(None, {"images": tensor([picture]).contiguous().numpy()})[0][0])
        for picture in frames.frames
    ]


def reported(finds, thresholds):
    return [find for find in finds if find[1] >= thresholds[CLASSES[find[0]]]]


def golden_of(finds, frames, thresholds):
    """The picture that shows most classes, everything found right and nothing near a threshold."""
    def worth(index):
        seen = reported(finds[index], thresholds)
        near = any(
            abs(confidence - thresholds[CLASSES[name]]) < 0.06 for name, confidence, _ in finds[index]
        )
        classes = frames.truths[index][0]
        right = sorted(name for name, _, _ in seen) == sorted(classes)
        return (right and not near, len({name for name, _, _ in seen}), -len(seen))

    return max(range(len(frames)), key=worth)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "frames", type=Path, nargs="+", help="folders of `cityward demo-frames --split`"
    )
    parser.add_argument("--out", type=Path, default=Path("../street-events"))
    parser.add_argument("--version", required=True)
    parser.add_argument("--precision", type=float, default=0.9)
    args = parser.parse_args()
    torch.set_num_threads(1)

    saved = torch.load(args.checkpoint, weights_only=True)
    width, height = saved["size"]
    network = StreetEvents(len(CLASSES))
    network.load_state_dict(saved["average"])
    network.eval()
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "street-events.onnx"
    onnx_of(network, width, height, file)

    valid = Frames([f / "valid" for f in args.frames], width, height)
    finds = look(session_of(file), valid)
    rows = measure.table_of(finds, valid, args.precision)
    measure.show(rows)
    thresholds = {
        name: math.floor(min(max(row["threshold"], 0.3), 0.95) * 100) / 100 for name, row in rows.items()
    }

    golden = golden_of(finds, valid, thresholds)
    shutil.copy(valid.files[golden], args.out / "golden.jpg")
    scale_x, scale_y, left, top = valid.placements[golden]
    tall, wide = cv2.imread(str(valid.files[golden])).shape[:2]
    text = MANIFEST.format(
        version=args.version,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        width=width,
        height=height,
        scale=repr(1 / 255),
        nms=measure.NMS_IOU,
    )
    for name, confidence, box in reported(finds[golden], thresholds):
        x0, y0, x1, y1 = (
            min(max((value - shift) / scale, 0.0), side)  # the service keeps boxes in the picture
            for value, shift, scale, side in zip(
                box, (left, top) * 2, (scale_x, scale_y) * 2, (wide, tall) * 2
            )
        )
        text += (
            f'\n[[golden.boxes]]\nlabel = "{CLASSES[name]}"\nconfidence = {confidence:.3f}\n'
            f"left = {x0:.1f}\ntop = {y0:.1f}\nright = {x1:.1f}\nbottom = {y1:.1f}\n"
        )
    for name in CLASSES:
        text += f'\n[[classes]]\nlabel = "{name}"\n'
        if name in CATALOGUE:
            text += f'class = "{CATALOGUE[name]}"\n'
        text += f"threshold = {thresholds[name]}\n"
    (args.out / "model.toml").write_text(text)
    print(f"{file}: {file.stat().st_size} bytes, golden picture {valid.files[golden].name}")


if __name__ == "__main__":
    main()
