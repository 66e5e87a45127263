"""Mutations of bytes, JSON and lines of text. Each takes (random numbers, a good file's bytes, all good files' bytes)."""

import json

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF)
_WIDE = tuple(n.to_bytes(size, order) for n in (0, 1, 2**15, 2**31 - 1, 2**31) for size in (4, 8) for order in ("little", "big")) + (
    b"\xff" * 4,
    b"\xff" * 8,
    b"\xff" * 7 + b"\x7f",
)
_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 2**31, 2**63, 10**30, 0.5, -0.0, 1e-300, 1e308, float("nan"), float("inf")),
    *("", "0", "x", "中", "PER", "no", "\ud800", "\x00", "a\nb", "﻿", "x" * 3000, [], {}, [[]], [0], ["x", "x"], {"a": {}}, [[[[[1]]]]]),
)
_TEXTS = (
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\xff",
    b"\xed\xa0\x80",
    "\ufeff".encode(),
    "\u2028".encode(),
    "\u3000".encode(),
    b"[UNK]",
)
_WHOLE = (
    *(b"", b"\n", b"\x00" * 100, b"[" * 100_000, b'{"a":' * 100_000, b"7" * 5000, b'"\\ud800"', b"<html></html>", b"Entry not found"),
    *(
        b"version https://git-lfs.github.com/spec/v1\nsize 1\n",
        b"\x89HDF\r\n\x1a\n",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\xef\xbb\xbf",
        b"\x80\x02.",
    ),
)


def mutate_bytes(random, data, seeds):
    """Cut, repeat, overwrite, insert and join."""
    if random.random() < 0.01:
        return random.choice(_WHOLE)
    data = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        size = max(len(data), 1)
        # Headers and directories lie at the ends.
        place = random.choice((random.randrange(size), random.randrange(min(size, 64)), size - 1 - random.randrange(min(size, 64))))
        kind = random.randrange(9)
        if kind == 0:
            data[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            data[place : place + 1] = bytes([random.choice(_NUMBERS)])
        elif kind == 2 and data:
            data[place] ^= 1 << random.randrange(8)
        elif kind == 3:
            wide = random.choice(_WIDE)
            data[place : place + len(wide)] = wide
        elif kind == 4:
            del data[place : place + random.choice((1, 2, 8, 100))]
        elif kind == 5:
            data[place:place] = data[place : place + random.choice((1, 8, 100))] * random.choice((1, 1, 2, 50))
        elif kind == 6:
            data[place:place] = random.randbytes(random.choice((1, 4, 30)))
        elif kind == 7:
            other = random.choice(seeds)
            start = random.randrange(max(len(other), 1))
            data[place : place + 40] = other[start : start + 40]
        else:
            del data[place:]
    return bytes(data)


def mutate_value(random, value):
    """A parsed JSON value with one place changed."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        value, key = dict(value), random.choice(list(value))
        kind = random.randrange(8)
        if kind == 0:
            del value[key]
        elif kind == 1:
            value[random.choice(("x", "", key + "x", key[:-1]))] = value[key]
        else:
            value[key] = mutate_value(random, value[key])
        return value
    if isinstance(value, list) and value and random.random() < 0.8:
        value, place = list(value), random.randrange(len(value))
        kind = random.randrange(6)
        if kind == 0:
            del value[place]
        elif kind == 1:
            value.insert(place, value[place])
        else:
            value[place] = mutate_value(random, value[place])
        return value
    if isinstance(value, int) and random.random() < 0.3:
        return value + random.choice((-1, 1, 10**9, 0.5))
    return random.choice(_VALUES)


def mutate_json(random, data, seeds):
    """Another value, key or list somewhere; now and then other bytes."""
    if random.random() < 0.2:
        return mutate_bytes(random, data, seeds)
    value = json.loads(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        value = mutate_value(random, value)
    return json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")


def mutate_lines(random, data, seeds):
    """Lines left out, repeated, moved, joined and with odd characters; now and then other bytes."""
    if random.random() < 0.2:
        return mutate_bytes(random, data, seeds)
    lines = data.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 3))):
        place = random.randrange(len(lines))
        line, kind = lines[place], random.randrange(8)
        cut = random.randrange(len(line) + 1)
        if kind == 0 and len(lines) > 1:
            del lines[place]
        elif kind == 1:
            lines.insert(place, line)
        elif kind == 2:
            lines.insert(place, lines.pop(random.randrange(len(lines))))
        elif kind == 3:
            lines[place] = b""
        elif kind == 4:
            lines[place] = line[:cut] + random.choice(_TEXTS) + line[cut:]
        elif kind == 5:
            lines[place] = random.choice(random.choice(seeds).split(b"\n"))
        elif kind == 6:
            odd = random.choice(_TEXTS)
            lines = [own + odd for own in lines]
        else:
            times = random.choice((2, 1000))
            # A line that was repeated before would take all memory.
            lines[place] = line * (times if len(line) < 1000 else 2)
    end = random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n"))
    return end.join(lines)
