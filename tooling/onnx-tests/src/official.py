"""Writes the official ONNX operator tests as lines of JSON, for src/cli.ts.

python official.py FILE
"""
import base64
import json
import sys
import warnings

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

warnings.filterwarnings("ignore")
PLAIN = {"float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}
HALVES = {"float16", "bfloat16"}


def encoded(value):
    """An array with its type, or the name of a type that only a model that is refused can have."""
    if isinstance(value, (onnx.TensorProto,)):
        value = numpy_helper.to_array(value)
    if not isinstance(value, (numpy.ndarray, numpy.generic)):
        return {"other": type(value).__name__}
    value = numpy.asarray(value)
    name = value.dtype.name
    if name in HALVES:
        value = value.astype(numpy.float32)
    elif name not in PLAIN:
        return {"other": name}
    data = numpy.ascontiguousarray(value.astype(numpy.uint8) if name == "bool" else value)
    return {"type": name, "shape": list(value.shape), "data": base64.b64encode(data.tobytes()).decode()}


def main():
    with open(sys.argv[1], "w") as out:
        for test in load_model_tests(kind="node"):
            model = test.model
            case = {
                "name": test.name,
                "operator": operator_of(test.name, model),
                "relative": test.rtol,
                "absolute": test.atol,
                "model": base64.b64encode(model.SerializeToString()).decode(),
                "inputs": [value.name for value in model.graph.input],
                "outputs": [value.name for value in model.graph.output],
                "sets": [
                    {"inputs": [encoded(value) for value in inputs], "outputs": [encoded(value) for value in outputs]}
                    for inputs, outputs in test.data_sets
                ],
            }
            out.write(json.dumps(case) + "\n")


def operator_of(name, model):
    """The operator that a test is about: that of its only node, or the one it was expanded from."""
    nodes = model.graph.node
    if "_expanded" not in name:
        return nodes[-1].op_type if nodes else "no node"
    return EXPANDED.get(name.split("_expanded")[0], nodes[-1].op_type)


EXPANDED = {
    test.name: test.model.graph.node[-1].op_type
    for test in load_model_tests(kind="node")
    if "_expanded" not in test.name and len(test.model.graph.node) > 0
}

if __name__ == "__main__":
    main()
