"""What is different from model to model: names, network, input and how its pictures are varied."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from network import StreetEvents
from yolox import YoloxNano


@dataclass(frozen=True)
class Looks:
    """How a picture is varied before the network sees it."""

    farthest: float = 0.75  # least and greatest zoom
    nearest: float = 1.5
    stretch: float = 1.0  # greatest ratio by which width and height are zoomed differently
    mosaic: float = 0.0  # share of pictures that are four in one
    # Of those seen from afar, the share that stands in a quiet picture and not in grey.
    backdrop: float = 0.0
    # Sides of the square input, one drawn for each batch; none: always the full size.
    sides: tuple[int, ...] = ()


@dataclass(frozen=True)
class Recipe:
    name: str
    classes: tuple[str, ...]
    # What each class is evidence of; one that is not here is none of anything.
    catalogue: dict[str, str]
    network: Callable[[int], nn.Module]
    width: int
    height: int
    looks: Looks
    # Whether the service may give it less than the full input: what a frame of 16:9 leaves grey in a
    # square one is two fifths of the work.
    open_sides: bool = False
    # Whether a box of one class suppresses an overlapping one of another.
    across_classes: bool = True
    # Class of each number in the label files of a folder of photographs.
    numbers: tuple[str, ...] = ()
    # Rows of the published network's classes (COCO's eighty) that these start from.
    published: tuple[int, ...] = ()
    # Classes that no label names; a published network says where they are.
    taught: tuple[str, ...] = ()
    # Of the last epochs, how many see whole pictures at the full size.
    settle: int = 0
    # Parts of the network that keep the weights they start with: edges and colours are everywhere
    # the same, and the first layers cost most to train.
    frozen: tuple[str, ...] = ()


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="street-events",
            classes=("overflow", "garbage", "stall", "water", "open_cover", "bin", "cover"),
            catalogue={
                "overflow": "M06042",
                "garbage": "M06010",
                "stall": "M09006",
                "water": "E0506",
                "open_cover": "M01002",
            },
            network=StreetEvents,
            width=416,
            height=256,
            looks=Looks(),
        ),
        Recipe(
            name="bins",
            classes=("garbage", "garbage_bin", "overflow"),
            catalogue={"garbage": "M06010", "overflow": "M06042"},
            network=YoloxNano,
            width=416,
            height=416,
            open_sides=True,
            looks=Looks(0.5, 1.6, 1.3, 0.3, 0.7, (320, 352, 384, 416)),
            across_classes=False,  # a full bin stands before one that is not
            numbers=("garbage", "garbage_bin", "overflow"),
            settle=2,
            frozen=("stem", "at4"),
        ),
        Recipe(
            name="vehicles",
            classes=("car", "truck", "bus", "motorcycle", "bicycle", "person"),
            # what parks; where and for how long it stands makes an event of it
            catalogue=dict.fromkeys(("car", "truck", "bus"), "M09009"),
            network=YoloxNano,
            width=416,
            height=416,
            open_sides=True,
            looks=Looks(0.6, 1.8, 1.3, 0.3, 0.0, (320, 352, 384, 416)),
            across_classes=False,  # a rider sits on a motorcycle
            # bicycle, bus, car, container truck, fire engine, motorcycle, truck, van
            numbers=("bicycle", "bus", "car", "truck", "truck", "motorcycle", "truck", "car"),
            published=(2, 7, 5, 3, 1, 0),
            taught=("person",),
            settle=2,
            frozen=("stem", "at4"),
        ),
    )
}
