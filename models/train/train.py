"""Trains a detector by its recipe; stops and goes on where it stood."""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch

import measure
from data import Frames, tensor
from looks import augment
from loss import loss
from network import grid
from recipe import RECIPES
from teacher import teach


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="folders of pictures")
    parser.add_argument("--valid", type=Path, nargs="+", required=True, help="those kept back")
    parser.add_argument(
        "--quiet", type=Path, nargs="*", default=[], help="those without anything of the classes"
    )
    parser.add_argument(
        "--quiet-share", type=float, default=0.15, help="of these in an epoch, for each other"
    )
    parser.add_argument(
        "--strange", type=Path, nargs="*", default=[],
        help="those labelled for other things; the teacher says where the classes are",
    )
    parser.add_argument(
        "--strange-share", type=float, default=1.0, help="of these in an epoch, for each other"
    )
    parser.add_argument(
        "--twice", nargs="*", default=[], metavar="CLASS",
        help="pictures that show one of these are seen twice in an epoch: what is rare",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints go here")
    parser.add_argument(
        "--start", type=Path, help="first take these weights: a checkpoint, or published ones (.onnx)"
    )
    parser.add_argument(
        "--teacher", type=Path, help="published network (.onnx) that labels what no label names"
    )
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--bfloat16", action="store_true", help="half the time on a processor with AMX"
    )
    return parser.parse_args()


@torch.no_grad()
def look(network, frames, recipe, batch=32):
    """Finds of every frame."""
    network.eval()
    finds = []
    for start in range(0, len(frames), batch):
        output = network(tensor(frames.frames[start : start + batch])).numpy()
        finds.extend(measure.found(one, recipe.across_classes) for one in output)
    return finds


class Average:
    """The running mean of the weights; steadier than the weights themselves."""

    def __init__(self, network):
        self.network = copy.deepcopy(network).eval()
        self.updates = 0

    @torch.no_grad()
    def update(self, network):
        self.updates += 1
        keep = min(0.998, (1 + self.updates) / (10 + self.updates))
        for mean, new in zip(self.network.state_dict().values(), network.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.mul_(keep).add_(new, alpha=1 - keep)
            else:
                mean.copy_(new)


def order_of(frames, recipe, args, rng):
    """The pictures of an epoch: all of the labelled ones, some of the strange and the quiet ones."""
    rare = [recipe.classes.index(name) for name in args.twice]
    labelled, strange, quiet = np.split(
        np.arange(len(frames)), [frames.strange_from, frames.quiet_from]
    )
    some = rng.permutation(quiet)[: round(args.quiet_share * len(labelled))]
    others = rng.permutation(strange)[: round(args.strange_share * len(labelled))]
    again = [index for index in labelled if np.isin(frames.truths[index][0], rare).any()]
    return rng.permutation(np.concatenate([labelled, again, others, some]).astype(int)), quiet


def epoch_of(network, average, optimiser, frames, recipe, args, epoch):
    network.train()
    # Everything random in an epoch follows from seed and epoch, so a resumed run is the same run.
    rng = np.random.default_rng([args.seed, epoch])
    order, quiet = order_of(frames, recipe, args, rng)
    steps = len(order) // args.batch
    whole = epoch >= args.epochs - recipe.settle
    sums = np.zeros(2)
    for step in range(steps):
        done = (epoch + step / steps) / args.epochs
        warm = min(1.0, (epoch * steps + step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = args.rate * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)
        size = (recipe.width, recipe.height)
        if recipe.looks.sides and not whole:
            size = (int(rng.choice(recipe.looks.sides)),) * 2
        pictures, truths = [], []
        for index in order[step * args.batch : (step + 1) * args.batch]:
            picture, classes, boxes = augment(frames, index, recipe.looks, size, rng, quiet, whole)
            pictures.append(picture)
            truths.append((torch.from_numpy(classes), torch.from_numpy(boxes)))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
            logits, found = network.predict(tensor(pictures))
        cells = grid(size[1], size[0]).float()
        score_loss, box_loss = loss(logits.float(), found.float(), cells, truths)
        optimiser.zero_grad(set_to_none=True)
        (score_loss + box_loss).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        average.update(network)
        sums += [score_loss.item(), box_loss.item()]
        if step % 50 == 49:
            print(f"  step {step + 1} of {steps}: {sums / (step + 1)}", flush=True)
    return sums / max(steps, 1)


def start(network, recipe, file):
    """Takes the weights of a checkpoint, or published ones."""
    if file.suffix == ".onnx":
        network.take(file, recipe.published)
    else:
        network.load_state_dict(torch.load(file, weights_only=True)["average"])


def main():
    args = arguments()
    recipe = RECIPES[args.recipe]
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.runs.mkdir(parents=True, exist_ok=True)
    network = recipe.network(len(recipe.classes)).to(memory_format=torch.channels_last)
    if args.start:
        start(network, recipe, args.start)
    for part in recipe.frozen:
        getattr(network, part).requires_grad_(False)
    average = Average(network)
    learning = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=args.rate, weight_decay=0.02)
    checkpoint, first = args.runs / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average.network.load_state_dict(saved["average"])
        average.updates = saved["updates"]
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["epoch"] + 1
        print(f"goes on at epoch {first}")
    train = Frames(recipe, args.train, args.quiet, args.strange)
    if recipe.taught:
        teach(train, recipe, args.teacher)
    valid = Frames(recipe, args.valid)
    parameters = sum(p.numel() for p in network.parameters())
    print(f"{len(train)} + {len(valid)} pictures, {parameters} parameters", flush=True)
    for epoch in range(first, args.epochs):
        began = time.time()
        score_loss, box_loss = epoch_of(network, average, optimiser, train, recipe, args, epoch)
        print(
            f"epoch {epoch}: score {score_loss:.3f} box {box_loss:.3f} in {time.time() - began:.0f} s",
            flush=True,
        )
        saved = {
            "network": network.state_dict(),
            "average": average.network.state_dict(),
            "updates": average.updates,
            "optimiser": optimiser.state_dict(),
            "epoch": epoch,
        }
        # Written beside and moved, so that a run that is stopped here leaves the last one whole.
        torch.save(saved, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
        torch.save({"average": saved["average"]}, args.runs / f"epoch-{epoch:02}.pt")
        if epoch % 4 == 3 or epoch + 1 == args.epochs:
            measure.show(
                measure.table_of(look(average.network, valid, recipe), valid, recipe.classes)
            )


if __name__ == "__main__":
    main()
