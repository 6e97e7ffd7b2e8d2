"""Measures a model folder: average precision, precision and recall at the thresholds of its
manifest, confusion, false boxes where there is nothing, milliseconds a frame on one core.

Everything goes through the exported network in ONNX Runtime. The tables replace those in the
model's card, the curves are drawn beside it; the worst pictures, which may not be ours to show, are
written to `--sheets` only.
"""

import argparse
import time
import tomllib
from pathlib import Path

import cv2
import numpy as np

import measure
import report
from data import Frames, tensor
from export import reported, run, session_of
from recipe import RECIPES
from teacher import teach

BEGIN, END = "<!-- measured: evaluate.py writes from here -->\n", "<!-- to here -->\n"
WORST = 20
# Least confidence on the sheets of the worst pictures.
SHOWN = 0.25
STEPS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def by_class(finds, at_work, frames, names, thresholds):
    """The table of the classes, and what its averages rank by; `at_work` are reported finds."""
    ranked = measure.matched(finds, frames, names)
    whole = measure.average_over_overlaps(finds, frames, names)
    meant = measure.matched(at_work, frames, names, measure.MEANT_IOU)
    exact = measure.matched(at_work, frames, names)
    ap50 = {name: measure.average_precision(*ranked[name]) for name in names}

    def row(of, label, threshold):
        """Of one class or of all together: averages of the curves, sums of the counts."""
        right, made = (sum(count(meant[name][1]) for name in of) for count in (sum, len))
        close = sum(sum(exact[name][1]) for name in of)
        things = sum(meant[name][2] for name in of)
        averages = (np.nanmean([table[name] for name in of]) for table in (ap50, whole))
        shares = (right / max(made, 1), right / max(things, 1), close / max(things, 1))
        figures = [f"{figure:.3f}" for figure in (*averages, *shares)]
        return [label, *figures[:2], threshold, *figures[2:], things]

    rows = [row([name], name, thresholds.get(name, "none")) for name in names]
    head = ["class", "AP50", "AP50-95", "threshold", "precision", "recall"]
    head += ["recall at 0.5", "things"]
    return report.markdown(head, [*rows, row(names, "all", "")]), ranked


def confused(at_work, frames, names):
    counts = measure.confusion(at_work, frames, names)
    rows = [[name, *counts[i]] for i, name in enumerate([*names, "nothing"])]
    return report.markdown(["there \\ reported", *names, "not found"], rows)


def noise(outputs, frames, recipe, thresholds):
    """Frames with a false event and with a box of any class, by threshold and folder."""
    names = recipe.classes
    event = {names.index(name) for name in recipe.catalogue}
    folders = quiet_folders(frames, event)
    total = sum(map(len, folders.values()))

    def false(folder, limits):
        finds = reported([outputs[i] for i in folder], recipe, limits)
        seen = [{name for name, *_ in of} for of in finds]
        return sum(bool(of & event) for of in seen), sum(map(bool, seen))

    rows = []
    for step in (*STEPS, "shipped"):
        limits = thresholds if step == "shipped" else dict.fromkeys(names, step)
        counts = [false(folder, limits) for folder in folders.values()]
        shares = (f"{100 * sum(of) / max(total, 1):.1f} %" for of in zip(*counts))
        cells = (f"{events} / {boxes}" for events, boxes in counts)
        rows.append([step, *cells, " / ".join(shares)])
    head = ["threshold", *(f"{name} ({len(of)})" for name, of in folders.items()), "all"]
    return report.markdown(head, rows)


def quiet_folders(frames, event):
    """Indices of the frames without events by their folder: of the quiet ones, or of any where
    there are none."""
    folders = {}
    first = frames.quiet_from if frames.quiet_from < len(frames) else 0
    for index in range(first, len(frames)):
        if not event & set(frames.truths[index][0].tolist()):
            folder = frames.folders[index].resolve()
            folders.setdefault(f"{folder.parent.name}/{folder.name}", []).append(index)
    return folders


def speed(file, picture):
    batch = tensor([picture]).contiguous().numpy()
    session = session_of(file, batch.shape[2:])
    spent = []
    for _ in range(60):
        start = time.process_time()
        session.run(None, {"images": batch})
        spent.append(time.process_time() - start)
    return 1000 * np.median(spent[10:])


def write_worst(file, finds, frames, indices, names):
    """The pictures that went worst, side by side: things in white, finds in colour."""
    sure = {i: [find for find in finds[i] if find[1] >= SHOWN] for i in indices}
    blamed = sorted(sure, key=lambda i: -measure.blame(sure[i], frames.truths[i]))[:WORST]
    pictures = [
        report.drawn(frames.frames[i], sure[i], frames.truths[i], names) for i in blamed
    ]
    cv2.imwrite(str(file), report.sheet(pictures))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder with model.toml")
    parser.add_argument("frames", type=Path, nargs="+", help="folders of labelled pictures")
    parser.add_argument(
        "--quiet", type=Path, nargs="*", default=[], help="those without anything of the classes"
    )
    parser.add_argument(
        "--teacher", type=Path, help="published network (.onnx) that labels what no label names"
    )
    parser.add_argument("--sheets", type=Path, help="the worst pictures go here")
    args = parser.parse_args()

    manifest = tomllib.loads((args.model / "model.toml").read_text())
    recipe = RECIPES[manifest["name"]]
    names = recipe.classes
    thresholds = {
        row["label"]: row["threshold"] for row in manifest["classes"] if "threshold" in row
    }
    file = args.model / manifest["file"]
    session = session_of(file)
    frames = Frames(recipe, args.frames, args.quiet)
    if recipe.taught:
        teach(frames, recipe, args.teacher)
    outputs = [run(session, picture) for picture in frames.frames]
    finds = [measure.found(output, recipe.across_classes) for output in outputs]
    at_work = reported(outputs[: frames.quiet_from], recipe, thresholds)

    table, ranked = by_class(finds[: frames.quiet_from], at_work, frames, names, thresholds)
    text = (
        "At the thresholds of the manifest; a find means a thing of its class that it overlaps by "
        f"{measure.MEANT_IOU} or more:\n\n{table}\n"
        f"What was taken for what:\n\n{confused(at_work, frames, names)}\n"
    )
    if args.quiet:
        text += (
            "Frames without an event, with a false event in them / with a box of any class:\n\n"
            f"{noise(outputs, frames, recipe, thresholds)}\n"
        )
    picture = frames.frames[0]
    text += f"The network alone, one core: {speed(file, picture):.1f} ms a frame"
    if recipe.open_sides:
        step = manifest["input"]["step"]
        wide = picture[: -(-recipe.width * 9 // 16 // step) * step]
        text += f", {speed(file, wide):.1f} ms of 16:9"
    text += ".\n"
    print(text)

    card = args.model / "card.md"
    if card.exists() and BEGIN in card.read_text():
        before, rest = card.read_text().split(BEGIN)
        card.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])
        cv2.imwrite(str(args.model / "curves.png"), report.curves(ranked, thresholds))
    if args.sheets:
        args.sheets.mkdir(parents=True, exist_ok=True)
        labelled, quiet = np.split(np.arange(len(frames)), [frames.quiet_from])
        write_worst(args.sheets / "worst.jpg", finds, frames, labelled, names)
        if len(quiet):
            write_worst(args.sheets / "noise.jpg", finds, frames, quiet, names)


if __name__ == "__main__":
    main()
