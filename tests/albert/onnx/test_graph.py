"""Graphs as ONNX Runtime reads them. No TensorFlow."""

import numpy as np
import pytest

from albert.onnx import protobuf
from albert.onnx.graph import Graph, Place
from albert.onnx.products import Float32, Int8, given_weights, quantize

onnxruntime = pytest.importorskip("onnxruntime")


def run(graph, weights, **inputs):
    options = onnxruntime.SessionOptions()
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
        options.add_external_initializers(list(weights), values)
    session = onnxruntime.InferenceSession(graph.serialize(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def test_numbers_are_written_as_protocol_buffers_have_them():
    # The examples of https://protobuf.dev/programming-guides/encoding/.
    assert protobuf.message((1, 150)) == bytes.fromhex("089601")
    assert protobuf.message((2, "testing")) == bytes.fromhex("120774657374696e67")
    assert protobuf.message((3, protobuf.message((1, 150)))) == bytes.fromhex("1a03089601")
    assert protobuf.message((1, -2)) == bytes.fromhex("08feffffffffffffffff01")
    assert protobuf.message((5, 1.0)) == bytes.fromhex("2d0000803f")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("products", [Float32, Int8])
def test_dense_layers_side_by_side_and_rows_of_a_table(products, bias):
    random = np.random.default_rng(3)
    stored = {f"{name}/kernel": random.normal(size=(7, 5)).astype(np.float32) for name in "ab"}
    stored.update({f"{name}/bias": random.normal(size=5).astype(np.float32) for name in "ab"})
    stored["table"] = random.normal(size=(11, 7)).astype(np.float32)
    graph = Graph()
    ids = graph.input("ids", "int32", ["n", 3])
    multiply = products(graph)
    rows = multiply.lookup("table", 11, 7, ids)
    graph.output(multiply.dense(rows, ["a", "b"], 7, 5, bias), "y", "float32", ["n", 3, 10])
    chosen = np.array([[1, 10, 0], [4, 4, 2]], np.int32)
    (y,) = run(graph, given_weights(graph, stored.__getitem__), ids=chosen)
    kernel = np.concatenate([stored["a/kernel"], stored["b/kernel"]], axis=1)
    expected = stored["table"][chosen] @ kernel + bias * np.concatenate([stored["a/bias"], stored["b/bias"]])
    np.testing.assert_allclose(y, expected, atol=1e-5 if products is Float32 else 0.15)


def test_constants_and_what_depends_on_weights_alone_are_there_once():
    graph = Graph()
    assert graph.constant(1.5) == graph.constant(1.5) != graph.constant([1.5])
    assert graph.constant(0, "int64") != graph.constant(0)
    weight = graph.weight("w", 3, 2)
    assert graph.once("Transpose", weight, perm=[1, 0]) == graph.once("Transpose", weight, perm=[1, 0])
    assert graph.once("Transpose", weight, perm=[0, 1]) != graph.once("Transpose", weight, perm=[1, 0])
    assert graph.weights == {"w": (3, 2)}


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_weights_are_read_from_their_places_in_a_file(tmp_path, dtype):
    values = np.arange(6).reshape(3, 2).astype(dtype)
    (tmp_path / "weights.bin").write_bytes(b"\x00" * 10 + values.tobytes() + b"\xff")
    graph = Graph()
    x = graph.input("x", "float32", [2, 3])
    graph.output(graph.add("MatMul", x, graph.weight("w", 3, 2)), "y", "float32", [2, 2])
    (tmp_path / "model.onnx").write_bytes(graph.serialize({"w": Place(dtype, "weights.bin", 10, values.nbytes)}))
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": np.eye(2, 3, dtype=np.float32)})
    np.testing.assert_array_equal(y, values[:2])


@pytest.mark.parametrize("by_rows", [True, False])
def test_quantisation_rounds_to_the_nearest(by_rows):
    values = np.random.default_rng(5).normal(size=(13, 7)).astype(np.float32)
    values[:, 3] = values[2] = 0.0
    integers, scale = quantize(values, by_rows)
    assert integers.dtype == np.int8 and scale.dtype == np.float32
    assert scale.shape == ((13, 1) if by_rows else (7,))
    assert np.abs(integers.astype(int)).max() == 63
    assert (np.abs(integers * scale - values) <= scale / 2 + 1e-7).all()
