"""The server's configuration as its published messages read it."""

import configparser
import pathlib
import re
import shlex

import pytest
import yaml
from absl import flags
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from albert import command
from ner.cli import serve
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


def _flags(words):
    """The flags among the words of a command line, as settings of ``albert-ner serve`` take them."""
    given = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    command.define(serve.SETTINGS, values=(values := flags.FlagValues()))
    values(["serve", *(f"--{name}={value}" for name, value in given.items())])
    return command.settings(serve.SETTINGS, values)


def test_unit():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(SERVING / "albert-ner" / "albert-ner.service")
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[0].startswith("/") and words[1] == "serve"
    settings = _flags(words)
    assert settings.server.host == "127.0.0.1"
    # systemd is more patient than the server.
    assert int(unit["Service"]["TimeoutStopSec"]) > settings.server.limits.stop_timeout
    assert int(unit["Service"]["LimitNOFILE"]) > settings.server.limits.max_connections
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_compose_and_kubernetes():
    folder = SERVING / "albert-ner"
    service = yaml.safe_load((folder / "docker-compose.yml").read_text())["services"]["ner"]
    directory = _flags(service["command"]).export_dir
    assert any(f":{directory}:" in volume for volume in service["volumes"])
    assert (folder / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    objects = {value["kind"]: value for value in yaml.safe_load_all((folder / "kubernetes.yaml").read_text())}
    assert set(objects) == {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    pod = objects["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    settings = _flags(container["args"])
    assert container["volumeMounts"][0]["mountPath"] == settings.export_dir
    port = container["ports"][0]["containerPort"]
    assert port == objects["Service"]["spec"]["ports"][0]["port"] == settings.server.port
    names = [value["metadata"]["name"] for value in objects.values()]
    assert set(names) == {"albert-ner"} and objects["Service"]["spec"]["selector"] == pod["metadata"]["labels"]
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"/readyz", "/healthz"}
    sleep = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["spec"]["terminationGracePeriodSeconds"] > sleep + settings.server.limits.stop_timeout


def test_dockerfile():
    lines = (SERVING / "albert-ner" / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert {name for name, _ in instructions} <= {"FROM", "ARG", "COPY", "RUN", "USER", "EXPOSE", "ENTRYPOINT", "CMD", "ENV", "WORKDIR"}
    found = dict(instructions)
    assert found["USER"] == "10001"
    entry = yaml.safe_load(found["ENTRYPOINT"])
    assert entry[:2] == ["albert-ner", "serve"]
    assert found["EXPOSE"] == str(_flags(entry).server.port)
    for copied in [rest for name, rest in instructions if name == "COPY" and not rest.startswith("--from")]:
        *sources, _ = copied.split()
        assert all((SERVING.parent / source).exists() for source in sources)
    extras = re.findall(r"\[([\w,]+)\]", " ".join(rest for name, rest in instructions if name == "RUN"))
    setup = (SERVING.parent / "setup.py").read_text()
    assert extras and all(f'"{extra}": ' in setup for extra in extras[0].split(","))
