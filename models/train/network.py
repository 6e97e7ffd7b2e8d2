"""The network: a small convolutional detector without anchor boxes, one prediction per cell of
the grids of strides 8, 16 and 32.

Input: [N, 3, height, width], blue-green-red, 0 to 1. Output: [N, 4 + classes, cells]; centre x, y,
width and height in pixels of the input, then one score per class, 0 to 1.
"""

import torch
from torch import nn
from torch.nn import functional as F

STRIDES = (8, 16, 32)


class Conv(nn.Sequential):
    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.squeeze = Conv(channels, channels // 2, 1)
        self.spread = Conv(channels // 2, channels, 3)

    def forward(self, x):
        return x + self.spread(self.squeeze(x))


def stage(inputs, outputs, blocks):
    return nn.Sequential(Conv(inputs, outputs, 3, 2), *(Residual(outputs) for _ in range(blocks)))


class StreetEvents(nn.Module):
    def __init__(self, classes, neck=48):
        super().__init__()
        self.classes = classes
        self.shallow = nn.Sequential(Conv(3, 16, 3, 2), stage(16, 32, 1))
        self.at8 = stage(32, 64, 2)
        self.at16 = stage(64, 96, 2)
        self.at32 = stage(96, 96, 1)
        self.lateral8 = Conv(64, neck, 1)
        self.lateral16 = Conv(96, neck, 1)
        self.lateral32 = Conv(96, neck, 1)
        self.smooth8 = Conv(neck, neck)
        self.smooth16 = Conv(neck, neck)
        self.smooth32 = Conv(neck, neck)
        # The head is shared by the three grids; each has a scale of its own for its distances.
        self.head = Conv(neck, neck)
        self.score = nn.Conv2d(neck, classes, 1)
        self.distance = nn.Conv2d(neck, 4, 1)
        self.scale = nn.Parameter(torch.ones(len(STRIDES)))
        # At first every cell says "nothing here" with 99 %.
        nn.init.constant_(self.score.bias, -4.6)

    def features(self, x):
        c8 = self.at8(self.shallow(x))
        c16 = self.at16(c8)
        c32 = self.at32(c16)
        p32 = self.lateral32(c32)
        p16 = self.lateral16(c16) + F.interpolate(p32, scale_factor=2.0, mode="nearest")
        p8 = self.lateral8(c8) + F.interpolate(p16, scale_factor=2.0, mode="nearest")
        return self.smooth8(p8), self.smooth16(p16), self.smooth32(p32)

    def predict(self, x):
        """Logits [N, classes, cells] and boxes [N, 4, cells]: left, top, right, bottom, pixels."""
        logits, distances = [], []
        for level, (stride, feature) in enumerate(zip(STRIDES, self.features(x))):
            feature = self.head(feature)
            logits.append(self.score(feature).flatten(2))
            sides = F.softplus(self.distance(feature) * self.scale[level]) * float(stride)
            distances.append(sides.flatten(2))
        sides = torch.cat(distances, 2)
        cells = grid(x.shape[2], x.shape[3]).to(x)[:2]
        return torch.cat(logits, 2), torch.cat([cells - sides[:, :2], cells + sides[:, 2:]], 1)

    def forward(self, x):
        return said(*self.predict(x))


def said(logits, boxes):
    """What a network puts out."""
    left_top, right_bottom = boxes[:, :2], boxes[:, 2:]
    centre = (left_top + right_bottom) / 2
    return torch.cat([centre, right_bottom - left_top, logits.sigmoid()], 1)


def grid(height, width):
    """Centre x, centre y and stride of every cell, pixels: [3, cells]."""
    levels = []
    for stride in STRIDES:
        y, x = torch.meshgrid(
            torch.arange(height // stride), torch.arange(width // stride), indexing="ij"
        )
        centres = (torch.stack([x, y]).flatten(1) + 0.5) * stride
        levels.append(torch.cat([centres, torch.full_like(centres[:1], stride)]))
    return torch.cat(levels, 1)
