"""Runs an exported model through TensorFlow's C API, the loader TensorFlow Serving uses, without TensorFlow's Python.

A program: ``python c_api.py LIBRARIES``, the directory of TensorFlow's shared libraries. Standard input is JSON,
``{"version": path, "texts": strings, "signatures": {name: {"input": tensor, "outputs": {key: tensor}}}}``; standard output is JSON, per
signature the values of each output.
"""

import ctypes
import json
import pathlib
import sys

import numpy as np

_DTYPES = {1: np.float32, 3: np.int32}
_STRING = 7
_STRING_BYTES = 24


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


_POINTERS = ("NewStatus", "NewGraph", "NewSessionOptions", "LoadSessionFromSavedModel", "GraphOperationByName", "AllocateTensor")
_POINTERS += ("TensorData", "StringGetDataPointer")


def _load(libraries):
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
        library = ctypes.CDLL(str(pathlib.Path(libraries) / name), ctypes.RTLD_GLOBAL)
    for name in _POINTERS:
        getattr(library, f"TF_{name}").restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    for name in ("Dim", "StringGetSize"):
        getattr(library, f"TF_{name}").restype = ctypes.c_int64
    return library


class _Session:
    def __init__(self, library, version):
        self._tf = library
        self._status = ctypes.c_void_p(library.TF_NewStatus())
        self._graph = ctypes.c_void_p(library.TF_NewGraph())
        options = ctypes.c_void_p(library.TF_NewSessionOptions())
        tags = (ctypes.c_char_p * 1)(b"serve")
        path = str(version).encode()
        session = library.TF_LoadSessionFromSavedModel(options, None, path, tags, 1, self._graph, None, self._status)
        self._check()
        self._session = ctypes.c_void_p(session)

    def _check(self):
        if self._tf.TF_GetCode(self._status):
            sys.exit(self._tf.TF_Message(self._status).decode())

    def run(self, feed, texts, fetches):
        """Values of the tensors ``fetches``, as nested lists, for the string tensor ``feed``."""
        inputs = (_Output * 1)(self._tensor(feed))
        outputs = (_Output * len(fetches))(*map(self._tensor, fetches))
        results = (ctypes.c_void_p * len(fetches))()
        given = (ctypes.c_void_p * 1)(self._strings(texts))
        self._tf.TF_SessionRun(self._session, None, inputs, given, 1, outputs, results, len(fetches), None, 0, None, self._status)
        self._check()
        return [self._values(ctypes.c_void_p(result)) for result in results]

    def _tensor(self, name):
        operation, _, index = name.partition(":")
        found = self._tf.TF_GraphOperationByName(self._graph, operation.encode())
        if not found:
            sys.exit(f"no operation {operation}")
        return _Output(found, int(index))

    def _strings(self, texts):
        tensor = self._tf.TF_AllocateTensor(_STRING, (ctypes.c_int64 * 1)(len(texts)), 1, ctypes.c_size_t(_STRING_BYTES * len(texts)))
        data = self._tf.TF_TensorData(ctypes.c_void_p(tensor))
        for i, text in enumerate(texts):
            place, value = ctypes.c_void_p(data + _STRING_BYTES * i), text.encode()
            self._tf.TF_StringInit(place)
            self._tf.TF_StringCopy(place, value, ctypes.c_size_t(len(value)))
        return tensor

    def _values(self, tensor):
        shape = [self._tf.TF_Dim(tensor, i) for i in range(self._tf.TF_NumDims(tensor))]
        size, data, kind = int(np.prod(shape)), self._tf.TF_TensorData(tensor), self._tf.TF_TensorType(tensor)
        if kind == _STRING:
            values = np.array([self._string(data + _STRING_BYTES * i) for i in range(size)], object)
        else:
            dtype = np.dtype(_DTYPES[kind])
            values = np.frombuffer(ctypes.string_at(data, dtype.itemsize * size), dtype)
        return values.reshape(shape).tolist()

    def _string(self, address):
        place = ctypes.c_void_p(address)
        return ctypes.string_at(self._tf.TF_StringGetDataPointer(place), self._tf.TF_StringGetSize(place)).decode()


def main(libraries):
    request = json.load(sys.stdin)
    session = _Session(_load(libraries), request["version"])
    answers = {}
    for name, signature in request["signatures"].items():
        outputs = signature["outputs"]
        answers[name] = dict(zip(outputs, session.run(signature["input"], request["texts"], list(outputs.values()))))
    if "tensorflow" in sys.modules:
        sys.exit("TensorFlow's Python was imported")
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
