"""Measures a model folder on labelled frames: AP50, precision and recall at the thresholds of its
manifest, false boxes on frames without events, milliseconds per frame on one core."""

import argparse
import time
import tomllib
from pathlib import Path

import numpy as np

import measure
from data import CLASSES, Frames, tensor
from export import CATALOGUE, look, reported, session_of


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder with model.toml")
    parser.add_argument(
        "frames", type=Path, nargs="+", help="folders with pictures and labels.jsonl"
    )
    args = parser.parse_args()

    manifest = tomllib.loads((args.model / "model.toml").read_text())
    thresholds = {row["label"]: row["threshold"] for row in manifest["classes"]}
    session = session_of(args.model / manifest["file"])
    frames = Frames(args.frames, manifest["input"]["width"], manifest["input"]["height"])
    finds = look(session, frames)

    ranked = measure.matched(finds, frames)
    at_work = measure.matched(
        [reported(f, thresholds) for f in finds], frames, measure.MEANT_IOU
    )
    print(f"{len(frames)} frames; at the thresholds of {args.model / 'model.toml'}")
    print(f"{'class':<12}{'AP50':>7}{'threshold':>11}{'precision':>11}{'recall':>8}{'things':>8}")
    for name in CLASSES:
        _, right, things = at_work[name]
        precision = np.mean(right) if right else float("nan")
        print(
            f"{name:<12}{measure.average_precision(*ranked[name]):7.3f}{thresholds[name]:11.2f}"
            f"{precision:11.3f}{sum(right) / max(things, 1):8.3f}{things:8d}"
        )
    events = {CLASSES.index(name) for name in CATALOGUE}
    quiet = [i for i, (true, _) in enumerate(frames.truths) if not events & set(true.tolist())]
    false = [
        sum(name in events for name, _, _ in reported(finds[i], thresholds)) for i in quiet
    ]
    print(
        f"frames without events: {len(quiet)}; with a false event in them: "
        f"{sum(n > 0 for n in false)}; false events: {sum(false)}"
    )
    batch = tensor(frames.frames[:1]).contiguous().numpy()
    spent = []
    for _ in range(60):
        start = time.process_time()
        session.run(None, {"images": batch})
        spent.append(time.process_time() - start)
    print(f"network alone, one core: {1000 * np.median(spent[10:]):.1f} ms")


if __name__ == "__main__":
    main()
