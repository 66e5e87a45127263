"""The pickles inside a ``pytorch_model.bin``, read without torch, without ``pickle``, and without running anything they ask for.

A pickle is a program for a stack machine that can call whatever it can import. This machine knows only the instructions that
``torch.save`` writes for a state dict, and six names, of which none is ever an object that exists outside: what it makes is
dicts, lists, tuples, numbers, strings, and notes of where a tensor lies.
"""

import dataclasses
import io
import pickletools

from albert.errors import CheckpointError
from albert.foreign import guard, printable

# A state dict takes 250 bytes a tensor, the largest published ones a tenth of this.
LARGEST = 1 << 20

# torch's storage classes and the type of one element.
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_LARGEST_NUMBER = 1 << 62
_MOST_DIMENSIONS = 32


@dataclasses.dataclass(frozen=True)
class Storage:
    """A run of ``size`` elements of type ``dtype`` that the file keeps under ``key``."""

    key: str
    dtype: str
    size: int


@dataclasses.dataclass(frozen=True)
class StoredTensor:
    """A tensor as a view of a storage; ``offset`` and ``strides`` count elements."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


@dataclasses.dataclass(frozen=True)
class _Name:
    """Something a pickle imports; only compared and looked up."""

    module: str
    name: str


def _ordered_dict(pairs=()):
    # As Python 2 wrote it; Python 3 begins with an empty one.
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise ValueError("a dict of no pairs")
    return _dict([value for pair in pairs for value in pair])


def _dict(values):
    """Keys and values in turn. Other keys than these may take for ever to hash."""
    if len(values) % 2 or not all(isinstance(key, (str, int)) for key in values[::2]):
        raise ValueError("a dict with keys that are neither strings nor numbers")
    return dict(zip(values[::2], values[1::2]))


def _rebuild_tensor(storage, offset, shape, strides, *_):
    # What follows in the newer forms (requires_grad, hooks, metadata) changes no value.
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    return StoredTensor(storage, _number(offset), _numbers(shape), _numbers(strides))


def _rebuild_parameter(tensor, *_):
    if not isinstance(tensor, StoredTensor):
        raise ValueError("a parameter without a tensor")
    return tensor


def _numbers(values):
    if not isinstance(values, tuple) or len(values) > _MOST_DIMENSIONS:
        raise ValueError("a tensor whose shape is none")
    return tuple(map(_number, values))


def _number(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST_NUMBER:
        raise ValueError("a size or place of a tensor that is no number")
    return value


_CALLS = {
    _Name("collections", "OrderedDict"): _ordered_dict,
    _Name("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    _Name("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    _Name("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    _Name("torch", "Size"): _numbers,
}
_TYPES = {_Name("torch", name): dtype for name, dtype in _STORAGES.items()}
_MARK = object()
_UNFIT = "an instruction that does not fit what is before it"


class _Machine:
    """One run over one pickle. ``stack`` and ``memo`` are its own; so is everything on them but names, strings and numbers."""

    def __init__(self, size):
        self.stack = []
        self.memo = {}
        # What is written once can be used many times: calls together get no more values than the pickle has bytes.
        self.budget = size

    def push(self, value):
        """Instructions that put their argument, or a constant, on the stack."""
        self.stack.append(value)

    def pop(self, kind=object):
        """The topmost value, which must be of a type."""
        value = self.stack.pop()
        if value is _MARK or not isinstance(value, kind):
            raise ValueError(_UNFIT)
        return value

    def pop_to_mark(self):
        """The values above the topmost mark, in order."""
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def pop_many(self, count, kind=object):
        """The topmost values, in order."""
        return tuple(self.pop(kind) for _ in range(count))[::-1]

    def import_(self, module, name):
        """Refuse every name but the few."""
        found = _Name(module, name)
        if found not in _CALLS and found not in _TYPES:
            raise CheckpointError(
                f"expected a pickle of tensors only, found one that asks for {printable(f'{module}.{name}')}; nothing of it was executed"
            )
        self.push(found)

    def call(self):
        """REDUCE: one of the few functions, all of which only note what they are given."""
        arguments, name = self.pop(tuple), self.pop(_Name)
        if name not in _CALLS:
            raise ValueError(f"a call of {name.name}")
        self.budget -= sum(len(argument) for argument in arguments if isinstance(argument, (list, tuple)))
        if self.budget < 0:
            raise ValueError("calls with more values than it has bytes")
        self.push(_CALLS[name](*arguments))

    def take_storage(self):
        """BINPERSID: an object kept outside the pickle."""
        pid = self.pop(tuple)
        if len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], _Name) or pid[1] not in _TYPES or not isinstance(pid[2], str):
            raise ValueError("an object stored outside the pickle that is no tensor storage")
        if len(pid) > 5 and pid[5] is not None:
            raise ValueError("a storage that is a view of another one")
        self.push(Storage(pid[2], _TYPES[pid[1]], _number(pid[4])))

    def add_state(self):
        """BUILD: ``torch`` notes module versions beside a state dict, which are not needed; nothing else has a state."""
        self.pop()
        self.push(self.pop(dict))

    def set_items(self, values):
        """SETITEM and SETITEMS."""
        if not isinstance(self.stack[-1], dict):
            raise ValueError("items of no dict")
        self.stack[-1].update(_dict(values))

    def append(self, values):
        """APPEND and APPENDS."""
        if not isinstance(self.stack[-1], list):
            raise ValueError("items of no list")
        self.stack[-1].extend(values)

    def remember(self, index):
        """PUT and its kin."""
        if self.stack[-1] is _MARK:
            raise ValueError(_UNFIT)
        self.memo[index] = self.stack[-1]


_INSTRUCTIONS = {
    "PROTO": lambda m, _: None,
    "FRAME": lambda m, _: None,
    "MARK": lambda m, _: m.push(_MARK),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "DICT": lambda m, _: m.push(_dict(m.pop_to_mark())),
    "LIST": lambda m, _: m.push(m.pop_to_mark()),
    "TUPLE": lambda m, _: m.push(tuple(m.pop_to_mark())),
    "TUPLE1": lambda m, _: m.push(m.pop_many(1)),
    "TUPLE2": lambda m, _: m.push(m.pop_many(2)),
    "TUPLE3": lambda m, _: m.push(m.pop_many(3)),
    "SETITEM": lambda m, _: m.set_items(m.pop_many(2)),
    "SETITEMS": lambda m, _: m.set_items(m.pop_to_mark()),
    "APPEND": lambda m, _: m.append(m.pop_many(1)),
    "APPENDS": lambda m, _: m.append(m.pop_to_mark()),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "GLOBAL": lambda m, both: m.import_(*both.split(" ", 1)),
    "INST": lambda m, both: m.import_(*both.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.import_(*m.pop_many(2, str)),
    "REDUCE": lambda m, _: m.call(),
    "BINPERSID": lambda m, _: m.take_storage(),
    "BUILD": lambda m, _: m.add_state(),
    "MEMOIZE": lambda m, _: m.remember(len(m.memo)),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda m, index: m.remember(index)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, index: m.push(m.memo[index])),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), lambda m, number: m.push(number)),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE"), lambda m, text: m.push(text)),
    # Python 2's strings, which pickletools decodes as Latin-1.
    **dict.fromkeys(("SHORT_BINSTRING", "BINSTRING"), lambda m, text: m.push(text.encode("latin-1").decode("utf-8"))),
}
_OPCODES = {ord(opcode.code): opcode for opcode in pickletools.opcodes if opcode.name in (*_INSTRUCTIONS, "STOP")}


def load(data, path, start=0):
    """One pickled object.

    Args:
      data: bytes; of a large file, the beginning up to ``LARGEST`` bytes is enough.
      path: name for error messages.
      start: where in ``data`` the pickle begins.

    Returns:
      (the object, where in ``data`` the pickle ends).

    Raises:
      CheckpointError: it is anything but plain data and tensors.
    """
    with guard(path, "a pickle of tensors", CheckpointError):
        try:
            return _run(data, start)
        except CheckpointError as e:
            raise CheckpointError(f"{path}: {e}") from None
        except (IndexError, KeyError) as e:  # more taken from the stack or the memo than is there
            raise ValueError(_UNFIT) from e


def _run(data, start):
    # A file in memory gives no more than is there, whatever length an instruction asks for.
    file = io.BytesIO(data)
    file.seek(start)
    machine = _Machine(len(data))
    while code := file.read(1):
        opcode = _OPCODES.get(code[0])
        if opcode is None:
            raise ValueError(f"byte 0x{code[0]:02x}, which is no instruction of a state dict's pickle")
        argument = opcode.arg.reader(file) if opcode.arg else None
        if opcode.name == "STOP":
            value = machine.pop()
            if machine.stack:
                raise ValueError(_UNFIT)
            return value, file.tell()
        _INSTRUCTIONS[opcode.name](machine, argument)
    raise ValueError("one that ends in the middle" if len(data) < LARGEST else f"one of more than {LARGEST:,} bytes")
