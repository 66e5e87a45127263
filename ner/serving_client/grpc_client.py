"""Client for TensorFlow Serving's gRPC interface; needs the extra ``serving``."""

import json
import re
import time

import grpc

from ner.serving_client.answers import OUTPUTS, one_line
from ner.serving_client.base import Client, ServingError, Unavailable
from ner.serving_client.messages import PredictRequest, PredictResponse, predict_request, tensor_values
from ner.serving_client.texts import encode_text

_METHOD = "/tensorflow.serving.PredictionService/Predict"
# UNAVAILABLE: not reached, or cut off. RESOURCE_EXHAUSTED: the batching queue is full. ABORTED: a model that is being replaced.
_RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED)
# Answers to long texts are larger than gRPC's usual 4 MB.
_MAX_MESSAGE_BYTES = 256 << 20
# Names of gRPC that are not host:port alone.
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:")
_LAST_PORT = 65535
_ROUND_ROBIN = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})


class GrpcClient(Client):
    """Tags texts through gRPC; may be used by several threads.

    Args:
      target: ``host:port``, or another of gRPC's names (``dns:///…``, ``unix:…``); TensorFlow Serving's usual port is 8500.
      model: the model's name on the server.
      version: number of a version, or None for the server's choice.
      credentials: ``grpc.ChannelCredentials`` for TLS, or None for a plain connection.
      **settings: see ``Client``.

    Raises:
      ServingError: the target is not of this form.
    """

    def __init__(self, target, model="ner", version=None, credentials=None, **settings):
        super().__init__(**settings)
        _check_target(target)
        self._target, self._model, self._version = target, model, version
        options = [
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
            # A server that restarts is found again after a second, not after gRPC's usual two minutes.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
            # Where a name stands for several servers, each gets its share.
            ("grpc.service_config", _ROUND_ROBIN),
        ]
        self._channel = grpc.secure_channel(target, credentials, options) if credentials else grpc.insecure_channel(target, options)
        self._call = self._channel.unary_unary(
            _METHOD, request_serializer=PredictRequest.SerializeToString, response_deserializer=PredictResponse.FromString
        )

    @property
    def address(self):
        """Address of the requests, for messages."""
        return f"{self._target}: model {self._model}"

    def close(self):
        """Close the channel."""
        self._channel.close()

    def _predict(self, texts, deadline):
        request = predict_request([encode_text(text) for text in texts], self._model, version=self._version, outputs=OUTPUTS)
        try:
            response = self._call(request, timeout=max(0.0, min(self.timeout, deadline - time.monotonic())))
        except grpc.RpcError as e:
            problem = f"{e.code().name}: {one_line(e.details())}"
            if e.code() in _RETRIED:
                raise Unavailable(problem) from e
            raise ServingError(f"{self.address}: {problem}") from e
        most = len(texts) * max(1, *map(len, texts))
        try:
            columns = {entry.key: tensor_values(entry.value, most) for entry in response.outputs if entry.key in OUTPUTS}
            for label in columns.get("entity_label", ()):
                label[:] = [name.decode() for name in label]
            return [dict(zip(columns, row)) for row in zip(*columns.values())]
        except (AttributeError, TypeError, ValueError) as e:
            raise ServingError(f"{self.address}: found an answer of another form than an exported tagger's: {e}") from e


def _check_target(target):
    """Refuse what is meant for another client, with which gRPC would only say that it cannot be reached."""
    expected = "expected host:port"
    if re.match(r"https?://", target):
        raise ServingError(f"found the target {target!r}, {expected} (RestClient takes URLs)")
    if target.startswith(_SCHEMES):
        return
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\s/:@\[\]]+):([0-9]{1,5})", target)
    if match is None:
        raise ServingError(f"found the target {target!r}, {expected}")
    if not 1 <= int(match[2]) <= _LAST_PORT:
        raise ServingError(f"found port {match[2]} in the target {target!r}, expected 1 to {_LAST_PORT}")
