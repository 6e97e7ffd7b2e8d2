"""YOLOX-nano (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430), written out for
fine-tuning: without normalisation layers, because the weights it starts from have them folded in.

It differs from the original in how it says what it saw: one score per class, to which both branches
of the head add (the class from the one, that there is a thing at all from the other), and boxes
decoded here, so that it is trained, exported and read like every network of this folder.

Input: [N, 3, height, width], blue-green-red, 0 to 1. Output: [N, 4 + classes, cells]; centre x, y,
width and height in pixels of the input, then one score per class, 0 to 1.
"""

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

from network import grid, said

HEAD = 64  # channels of the head
# A box is at most e^5 strides wide: an exponent learnt from a strange picture must not overflow.
LARGEST = 5.0


class Conv(nn.Sequential):
    def __init__(self, inputs, outputs, size=1, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, groups=groups),
            nn.SiLU(inplace=True),
        )


class Strided(Conv):
    """Every second cell, each channel by itself; always of whole floats: the way back through it in
    bfloat16 would take a third of all time on a processor with AMX."""

    def forward(self, x):
        if not torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


def separable(inputs, outputs, stride=1):
    """3 x 3 within each channel, then 1 x 1 across them."""
    within = Conv if stride == 1 else Strided
    return nn.Sequential(within(inputs, inputs, 3, stride, groups=inputs), Conv(inputs, outputs))


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.squeeze = Conv(channels, channels)
        self.spread = separable(channels, channels)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.spread(self.squeeze(x))
        return x + y if self.shortcut else y


class CrossStage(nn.Module):
    """Half of the channels go through the blocks, half past them."""

    def __init__(self, inputs, outputs, blocks=1, shortcut=False):
        super().__init__()
        half = outputs // 2
        # Here and in the head, named in the order of the published file: `take` counts on it.
        self.through = Conv(inputs, half)
        self.past = Conv(inputs, half)
        self.blocks = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(blocks)))
        self.join = Conv(outputs, outputs)

    def forward(self, x):
        return self.join(torch.cat([self.blocks(self.through(x)), self.past(x)], 1))


class Pyramid(nn.Module):
    """Sees 5, 9 and 13 cells around."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze = Conv(channels, channels // 2)
        self.join = Conv(channels * 2, channels)

    def forward(self, x):
        x = self.squeeze(x)
        # Pooling by 5 twice is pooling by 9, thrice by 13.
        five = F.max_pool2d(x, 5, 1, 2)
        nine = F.max_pool2d(five, 5, 1, 2)
        return self.join(torch.cat([x, five, nine, F.max_pool2d(nine, 5, 1, 2)], 1))


class Branch(nn.Module):
    """The head of one grid."""

    def __init__(self, inputs, classes):
        super().__init__()
        self.stem = Conv(inputs, HEAD)
        self.of_class = nn.Sequential(separable(HEAD, HEAD), separable(HEAD, HEAD))
        self.score = nn.Conv2d(HEAD, classes, 1)
        self.of_box = nn.Sequential(separable(HEAD, HEAD), separable(HEAD, HEAD))
        self.box = nn.Conv2d(HEAD, 4, 1)
        self.thing = nn.Conv2d(HEAD, 1, 1)

    def forward(self, x):
        x = self.stem(x)
        of_box = self.of_box(x)
        return self.score(self.of_class(x)) + self.thing(of_box), self.box(of_box)


def of_pixels(weight):
    """The original's first layer, 3 x 3 over squares of two by two pixels laid into channels (column
    by column), as one of 6 x 6 over the pixels: the same sums without the laying."""
    outputs, inputs, rows, columns = weight.shape
    apart = weight.reshape(outputs, 2, 2, inputs // 4, rows, columns)
    return apart.permute(0, 3, 4, 2, 5, 1).reshape(outputs, inputs // 4, 2 * rows, 2 * columns)


def twice(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class YoloxNano(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.stem = Conv(3, 16, 6, 2)
        self.at4 = nn.Sequential(separable(16, 32, 2), CrossStage(32, 32, 1, True))
        self.at8 = nn.Sequential(separable(32, 64, 2), CrossStage(64, 64, 3, True))
        self.at16 = nn.Sequential(separable(64, 128, 2), CrossStage(128, 128, 3, True))
        self.at32 = nn.Sequential(separable(128, 256, 2), Pyramid(256), CrossStage(256, 256))
        self.lateral32 = Conv(256, 128)
        self.down16 = CrossStage(256, 128)
        self.lateral16 = Conv(128, 64)
        self.down8 = CrossStage(128, 64)
        self.step16 = separable(64, 64, 2)
        self.up16 = CrossStage(128, 128)
        self.step32 = separable(128, 128, 2)
        self.up32 = CrossStage(256, 256)
        self.heads = nn.ModuleList(Branch(inputs, classes) for inputs in (64, 128, 256))
        # At first every cell says "nothing here" with 99 %.
        for head in self.heads:
            nn.init.normal_(head.score.weight, std=0.01)
            nn.init.constant_(head.score.bias, -4.6)
            nn.init.zeros_(head.thing.bias)

    def features(self, x):
        c8 = self.at8(self.at4(self.stem(x)))
        c16 = self.at16(c8)
        p32 = self.lateral32(self.at32(c16))
        p16 = self.lateral16(self.down16(torch.cat([twice(p32), c16], 1)))
        out8 = self.down8(torch.cat([twice(p16), c8], 1))
        out16 = self.up16(torch.cat([self.step16(out8), p16], 1))
        out32 = self.up32(torch.cat([self.step32(out16), p32], 1))
        return out8, out16, out32

    def predict(self, x):
        """Logits [N, classes, cells] and boxes [N, 4, cells]: left, top, right, bottom, pixels."""
        logits, boxes = [], []
        for head, feature in zip(self.heads, self.features(x)):
            score, box = head(feature)
            logits.append(score.flatten(2))
            boxes.append(box.flatten(2))
        x, y, stride = grid(x.shape[2], x.shape[3]).to(x)
        box = torch.cat(boxes, 2).float()
        # The original counts from the cell's corner, the grid here from its middle.
        centre = box[:, :2] * stride + torch.stack([x, y]) - stride / 2
        half = box[:, 2:].clamp(max=LARGEST).exp() * stride / 2
        return torch.cat(logits, 2), torch.cat([centre - half, centre + half], 1)

    def forward(self, x):
        return said(*self.predict(x))

    @torch.no_grad()
    def take(self, file, rows):
        """Takes the weights of the published network, into which normalisation is folded; of its
        classes those in these rows, none: every class begins anew. Or takes all that `export.py`
        wrote."""
        graph = onnx.load(file).graph
        stored = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
        own = self.state_dict().keys()
        if own <= stored.keys():
            self.load_state_dict({name: stored[name] for name in own})
            return
        nodes = [node for node in graph.node if node.op_type == "Conv"]
        convs = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        if len(nodes) != len(convs):
            raise ValueError(f"{file}: {len(nodes)} convolutions, expected {len(convs)}")
        scores = {head.score for head in self.heads}
        for node, conv in zip(nodes, convs):
            weight, bias = (stored[name] for name in node.input[1:])
            if conv in scores and not rows:
                continue
            if conv in scores:
                weight, bias = weight[list(rows)], bias[list(rows)]
            if conv is self.stem[0]:
                weight = of_pixels(weight)
            if weight.shape != conv.weight.shape:
                raise ValueError(f"{file}: {node.input[1]} is {tuple(weight.shape)}")
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)
        self.stem[0].weight.mul_(255)  # published for pixels of 0 to 255
