"""How others take frames to a network, for `cargo bench --bench vision -- peers`.

    peer.py export FOLDER                        yolo11n with random weights, three sizes of input
    peer.py ultralytics NETWORK FRAMES ROUNDS    the pipeline of the package `ultralytics`
    peer.py frigate NETWORK FRAMES ROUNDS        decoded by ffmpeg to YUV 4:2:0, motion looked for on
                                                 a small grey picture, the whole frame as the region

The last line is what was spent, as JSON. Both are told to work in one thread.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

SIZES = ((320, 192), (640, 384))


def export(folder):
    from ultralytics import YOLO

    for width, height in SIZES:
        network = YOLO("yolo11n.yaml")
        file = network.export(
            format="onnx", imgsz=(height, width), simplify=False, opset=17, dynamic=False
        )
        Path(file).rename(Path(folder) / f"yolo11n-{width}x{height}.onnx")


def spent():
    own, children = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    times = [resource.getrusage(who) for who in (own, children)]
    return sum(one.ru_utime + one.ru_stime for one in times)


def shape(network):
    """Width and height that stand in the file's name."""
    return [int(side) for side in Path(network).stem.split("-")[-1].split("x")]


def ultralytics(network, frames, rounds):
    from ultralytics import YOLO

    width, height = shape(network)
    pipeline = YOLO(network, task="detect")
    jpegs = [np.fromfile(file, np.uint8) for file in sorted(Path(frames).iterdir())]

    def look():
        for jpeg in jpegs:
            picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
            pipeline.predict(picture, imgsz=(height, width), conf=0.5, verbose=False)

    look()
    began = spent()
    for _ in range(rounds):
        look()
    return len(jpegs) * rounds, spent() - began


class Motion:
    """What moves: the difference from a running mean of small grey pictures."""

    HIGH = 100

    def __init__(self, width, height):
        self.size = (self.HIGH * width // height, self.HIGH)
        self.mean = np.zeros((self.size[1], self.size[0]), np.float32)

    def boxes(self, grey):
        small = cv2.resize(grey, self.size, interpolation=cv2.INTER_LINEAR)
        small = cv2.GaussianBlur(small, (3, 3), 0)
        differs = cv2.absdiff(small, cv2.convertScaleAbs(self.mean))
        cv2.accumulateWeighted(small, self.mean, 0.01)
        moved = cv2.dilate(cv2.threshold(differs, 30, 255, cv2.THRESH_BINARY)[1], None)
        outlines, _ = cv2.findContours(moved, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return [cv2.boundingRect(one) for one in outlines if cv2.contourArea(one) > 10]


def frigate(network, frames, rounds):
    import onnxruntime

    width, height = shape(network)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    files = sorted(Path(frames).iterdir())
    tall, wide = cv2.imread(str(files[0])).shape[:2]
    motion = Motion(wide, tall)
    began = spent()
    stream = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-threads", "1", "-stream_loop", str(rounds - 1),
         "-f", "image2", "-pattern_type", "glob", "-i", f"{frames}/*.jpg",
         "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    looked = 0
    while len(frame := stream.stdout.read(wide * tall * 3 // 2)) == wide * tall * 3 // 2:
        yuv = np.frombuffer(frame, np.uint8).reshape(tall * 3 // 2, wide)
        motion.boxes(yuv[:tall])
        rgb = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB_I420)
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
        tensor = rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255
        scores = session.run(None, {name: tensor})[0][0]
        best = scores[4:].max(0)
        cv2.dnn.NMSBoxes(scores[:4].T[best > 0.5], best[best > 0.5], 0.5, 0.4)
        looked += 1
    stream.wait()
    return looked, spent() - began


def main():
    cv2.setNumThreads(1)
    task, *arguments = sys.argv[1:]
    if task == "export":
        export(*arguments)
        return
    network, frames, rounds = arguments
    looked, cpu_s = {"ultralytics": ultralytics, "frigate": frigate}[task](
        network, frames, int(rounds)
    )
    print(json.dumps({"frames": looked, "cpu_s": cpu_s}))


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["YOLO_OFFLINE"] = "True"
    main()
