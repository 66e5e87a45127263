"""The server's configuration as its published messages read it."""

import pathlib

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from ner.serving_client.base import Client

SERVING = pathlib.Path(__file__).resolve().parents[2] / "serving"


def test_models_config():
    config_pb2 = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    config = text_format.Parse((SERVING / "models.config").read_text(), config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("ner", "/models/ner", "tensorflow")
    assert model.model_version_policy.latest.num_versions == 1
    for file in ("docker-compose.yml", "kubernetes.yaml"):
        text = (SERVING / file).read_text()
        assert model.base_path in text
        for flag in ("model_config_file", "batching_parameters_file", "monitoring_config_file"):
            name = next(line.split("=")[1].split("/")[-1] for line in text.splitlines() if f"--{flag}=" in line)
            assert (SERVING / name).exists()
            assert name in (SERVING / "kustomization.yaml").read_text()


def _message(fields):
    """A message class with optional fields, given as {name: (number, type name or scalar type)}; these packages publish none."""
    file = descriptor_pb2.FileDescriptorProto(name="config.proto", package="config", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name="Config")
    for name, (number, kind) in fields.items():
        scalar = {"type": kind} if isinstance(kind, int) else {"type": 11, "type_name": kind}
        message.field.add(name=name, number=number, label=1, **scalar)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("config.Config"))


def test_batching_config():
    # tensorflow_serving/servables/tensorflow/session_bundle_config.proto, BatchingParameters.
    names = ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
    parameters = _message({name: (number, ".google.protobuf.Int64Value") for number, name in enumerate(names, 1)})
    config = text_format.Parse((SERVING / "batching.config").read_text(), parameters())
    assert all(getattr(config, name).value > 0 for name in names)
    # What a client sends by default fits into one batch: a larger request would be refused.
    assert Client().batch_size <= config.max_batch_size.value
