"""Trains the detector on rendered frames; stops and goes on where it stood."""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch

import measure
from data import CLASSES, Frames, augment, tensor
from loss import loss
from network import StreetEvents, grid


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "frames", type=Path, nargs="+", help="folders of `cityward demo-frames --split`"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints go here")
    parser.add_argument("--start", type=Path, help="take the weights of this checkpoint first")
    parser.add_argument("--width", type=int, default=416)
    parser.add_argument("--height", type=int, default=256)
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
def look(network, frames, batch=32):
    """Finds of every frame."""
    network.eval()
    finds = []
    for start in range(0, len(frames), batch):
        output = network(tensor(frames.frames[start : start + batch])).numpy()
        finds.extend(measure.found(one) for one in output)
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


def epoch_of(network, average, optimiser, frames, args, epoch):
    network.train()
    # Everything random in an epoch follows from seed and epoch, so a resumed run is the same run.
    rng = np.random.default_rng([args.seed, epoch])
    order = rng.permutation(len(frames))
    cells = grid(args.height, args.width).float()
    steps = len(order) // args.batch
    sums = np.zeros(2)
    for step in range(steps):
        done = (epoch + step / steps) / args.epochs
        warm = min(1.0, (epoch * steps + step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = args.rate * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)
        pictures, truths = [], []
        for index in order[step * args.batch : (step + 1) * args.batch]:
            picture, classes, boxes = augment(frames.frames[index], *frames.truths[index], rng)
            pictures.append(picture)
            truths.append((torch.from_numpy(classes), torch.from_numpy(boxes)))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
            logits, sides = network.raw(tensor(pictures))
        score_loss, box_loss = loss(logits.float(), sides.float(), cells, truths)
        optimiser.zero_grad(set_to_none=True)
        (score_loss + box_loss).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        average.update(network)
        sums += [score_loss.item(), box_loss.item()]
    return sums / max(steps, 1)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.runs.mkdir(parents=True, exist_ok=True)
    network = StreetEvents(len(CLASSES)).to(memory_format=torch.channels_last)
    if args.start:
        network.load_state_dict(torch.load(args.start, weights_only=True)["average"])
    average = Average(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    checkpoint, first = args.runs / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average.network.load_state_dict(saved["average"])
        average.updates = saved["updates"]
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["epoch"] + 1
        print(f"goes on at epoch {first}")
    train = Frames([f / "train" for f in args.frames], args.width, args.height)
    valid = Frames([f / "valid" for f in args.frames], args.width, args.height)
    parameters = sum(p.numel() for p in network.parameters())
    print(f"{len(train)} + {len(valid)} pictures, {parameters} parameters", flush=True)
    for epoch in range(first, args.epochs):
        start = time.time()
        score_loss, box_loss = epoch_of(network, average, optimiser, train, args, epoch)
        print(
            f"epoch {epoch}: score {score_loss:.3f} box {box_loss:.3f} in {time.time() - start:.0f} s",
            flush=True,
        )
        torch.save(
            {
                "network": network.state_dict(),
                "average": average.network.state_dict(),
                "updates": average.updates,
                "optimiser": optimiser.state_dict(),
                "epoch": epoch,
                "size": (args.width, args.height),
            },
            checkpoint,
        )
        if epoch % 4 == 3 or epoch + 1 == args.epochs:
            measure.show(measure.table_of(look(average.network, valid), valid))


if __name__ == "__main__":
    main()
