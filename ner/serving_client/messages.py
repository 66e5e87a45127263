"""The messages of TensorFlow Serving's predict interface, without TensorFlow.

They are described here field by field, numbers and types as in ``tensorflow_serving/apis/{predict,model,prediction_log}.proto`` and
``tensorflow/core/framework/{tensor,tensor_shape}.proto``, as far as they are used; unknown fields are skipped. Messages have a package of
their own, so that they can live in one process with the published ones; on the wire they are the same.
"""

import math

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "albert_ner.serving"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "float": _Field.TYPE_FLOAT,
}
# Enums are int32 and maps are repeated entries of key and value here, which is the same on the wire. "*" repeats a field.
_MESSAGES = {
    "Dimension": {"size": (1, "int64")},
    "TensorShape": {"dim": (2, "*Dimension")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "TensorShape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "*float"),
        "int_val": (7, "*int32"),
        "string_val": (8, "*bytes"),
    },
    "Version": {"value": (1, "int64")},
    "ModelSpec": {"name": (1, "string"), "version": (2, "Version"), "signature_name": (3, "string")},
    "NamedTensor": {"key": (1, "string"), "value": (2, "Tensor")},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "*NamedTensor"), "output_filter": (3, "*string")},
    "PredictResponse": {"outputs": (1, "*NamedTensor"), "model_spec": (2, "ModelSpec")},
    "PredictLog": {"request": (1, "PredictRequest"), "response": (2, "PredictResponse")},
    "PredictionLog": {"predict_log": (6, "PredictLog")},
}

# Outputs have a value for each text, or for each of its entities.
_MAX_RANK = 2

# Numbers of tensorflow.DataType.
DT_FLOAT, DT_INT32, DT_STRING = 1, 3, 7


def _describe():
    file = descriptor_pb2.FileDescriptorProto(name="albert_ner_serving.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
            single = kind.lstrip("*")
            if single in _SCALARS:
                message.field.add(name=field_name, number=number, label=label, type=_SCALARS[single])
            else:
                type_name = f".{_PACKAGE}.{single}"
                message.field.add(name=field_name, number=number, label=label, type=_Field.TYPE_MESSAGE, type_name=type_name)
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_describe())


def _message(name):
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


PredictRequest = _message("PredictRequest")
PredictResponse = _message("PredictResponse")
PredictionLog = _message("PredictionLog")


def predict_request(texts, model, signature="serving_default", version=None, outputs=()):
    """A request for the tagging of some texts.

    Args:
      texts: list of ``bytes``, UTF-8.
      model: the model's name on the server.
      signature: name of the signature.
      version: number of a version of the model, or None for the server's choice.
      outputs: names of the outputs wanted; all when empty.

    Returns:
      ``PredictRequest``.
    """
    request = PredictRequest(output_filter=outputs)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    tensor = request.inputs.add(key="text").value
    tensor.dtype = DT_STRING
    tensor.tensor_shape.dim.add(size=len(texts))
    tensor.string_val.extend(texts)
    return request


def tensor_values(tensor, most=1 << 24):
    """The values of a ``Tensor`` message of strings, int32 or float32, as nested lists in its shape.

    Args:
      tensor: the message.
      most: the most values it may have; a few bytes can stand for any number of equal ones.

    Raises:
      ValueError: its dtype is another one, its values do not fit its shape, or there are more.
    """
    # Raw bytes are in the order of the server's machine, and those TensorFlow is built for are little-endian.
    fields = {DT_FLOAT: ("float_val", "<f4"), DT_INT32: ("int_val", "<i4"), DT_STRING: ("string_val", object)}
    if tensor.dtype not in fields:
        raise ValueError(f"found dtype {tensor.dtype}, expected one of {sorted(fields)}")
    field, dtype = fields[tensor.dtype]
    values = np.frombuffer(tensor.tensor_content, dtype) if tensor.tensor_content else np.array(getattr(tensor, field), dtype)
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    size = math.prod(shape)
    if any(length < 0 for length in shape) or len(shape) > _MAX_RANK or size > most:
        raise ValueError(f"found a tensor of shape {shape[:_MAX_RANK]}, expected at most {most} values")
    # Trailing equal values may be left out, and all of them where they are zeros.
    if len(values) < size:
        last = values[-1:] if len(values) else np.array([b"" if dtype is object else 0], dtype)
        values = np.concatenate([values, np.repeat(last, size - len(values))])
    return values.reshape(shape).tolist()
