"""Clients of a served model, which need neither TensorFlow nor the model: text in, ``ner.Entity`` out.

Example::

    from ner.serving_client import GrpcClient

    with GrpcClient("localhost:8500", "ner") as client:
        for entity in client.tag("江苏省委书记到上海交通大学看望李明教授。"):
            print(entity.start, entity.end, entity.label, entity.text, entity.score)
"""

from albert import lazy

_EXPORTS = {
    "GrpcClient": "ner.serving_client.grpc_client",
    "RestClient": "ner.serving_client.rest_client",
    "ServingError": "ner.serving_client.base",
}
__all__ = ["GrpcClient", "RestClient", "ServingError"]
__getattr__, __dir__ = lazy.exports(__name__, _EXPORTS)
