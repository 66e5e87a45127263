"""Lines of files and pipes: where they are, when they come, and what is wrong with them."""

import io
import os
import threading
import types

import pytest

from albert.errors import UserError
from ner.errors import DataError
from ner.tagging.text_input import InputText, Line, find_files, parse_line, read_chunks, total_bytes


def lines_of(path):
    return [line for chunk in read_chunks(path) for line in chunk]


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\n\r\nb\rc\n", [b"a", b"", b"b\rc"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
        ("长江\u2028\u0085\v\f".encode(), ["长江\u2028\u0085\v\f".encode()]),
    ],
)
def test_lines(tmp_path, content, expected):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    assert lines_of(str(path)) == [Line(str(path), i, data) for i, data in enumerate(expected, 1)]


def test_files_are_read_in_blocks_and_lines_longer_than_a_block_stay_whole(tmp_path):
    path = tmp_path / "text.txt"
    contents = [b"x" * length for length in (3, 1_000_000, 0, 7, *[11] * 50_000, 300_000)]
    path.write_bytes(b"\n".join(contents))
    chunks = list(read_chunks(str(path)))
    assert [line.data for chunk in chunks for line in chunk] == contents
    assert [line.number for chunk in chunks for line in chunk] == list(range(1, len(contents) + 1))
    assert max(sum(len(line.data) for line in chunk) for chunk in chunks) < 1_400_000
    assert len(chunks[0]) == 1


def test_a_line_written_to_a_pipe_is_there_before_the_next_one(monkeypatch):
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BufferedReader(io.FileIO(reading))))
    chunks = read_chunks("-")
    for text in (b"first\n", b"second\nthird\nbegun", b" and ended\n"):
        os.write(writing, text)
        # A reader that waits for more would not come back from next().
        result = []
        thread = threading.Thread(target=lambda found=result: found.append(next(chunks)), daemon=True)
        thread.start()
        thread.join(10)
        assert result, "the reader waits for more input"
    assert result == [[Line("standard input", 4, b"begun and ended")]]
    os.close(writing)
    assert list(chunks) == []


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_a_byte_order_mark_may_come_in_parts(monkeypatch, size):
    for content, expected in [("\ufeffa\ufeff\n\ufeff\n", ["a\ufeff", "\ufeff"]), ("\ufeff", []), ("", []), ("长\n", ["长"])]:
        parts = io.BytesIO(content.encode())
        monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=types.SimpleNamespace(read1=lambda _, parts=parts: parts.read(size))))
        assert [line.data.decode() for line in lines_of("-")] == expected
    parts = io.BytesIO(b"\xef\xbb")
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=types.SimpleNamespace(read1=lambda _: parts.read(size))))
    assert [line.data for line in lines_of("-")] == [b"\xef\xbb"]


def test_utf16_is_named(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("长江\n".encode("utf-16"))
    with pytest.raises(DataError) as e:
        lines_of(str(path))
    assert str(e.value) == f"{path}: found UTF-16 text, expected UTF-8 (convert the file)"


def test_names_and_patterns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.txt", "c[1].txt", "sub/d.txt"):
        (tmp_path / name).write_text(name)
    assert find_files(["*.txt", "-", "b.txt", "c[1].txt"]) == ["a.txt", "b.txt", "c[1].txt", "-", "b.txt", "c[1].txt"]
    assert find_files([os.path.join("**", "*.txt")]) == ["a.txt", "b.txt", "c[1].txt", os.path.join("sub", "d.txt")]
    assert total_bytes(["a.txt", "b.txt"]) == 10
    assert total_bytes(["a.txt", "-"]) is None
    for pattern, message in [
        ("none.txt", "none.txt: no such file, expected text to tag"),
        ("*.json", "*.json: found no file that matches, expected at least one"),
        ("sub", f"sub: found a directory, expected a file (or a pattern such as {os.path.join('sub', '*.txt')})"),
    ]:
        with pytest.raises(UserError) as e:
            find_files([pattern])
        assert str(e.value) == message


def test_plain_text_is_taken_as_it_is():
    text = ' 长江\t{"a": 1}\u3000😀\x00 '
    assert parse_line(Line("f", 1, text.encode())) == InputText(text, None, len(text.encode()) + 1, "f", 1)


def test_json_lines():
    raw = ' {"id": 1.50, "text" : "长江\\ud83d\\ude00\\ud800\\n", "n": null } '
    assert parse_line(Line("f", 1, raw.encode()), "text", "entities").text == "长江😀\ud800\n"
    assert parse_line(Line("f", 1, raw.encode()), "text", "entities").record == raw.strip()


def test_a_mark_before_an_object_is_no_part_of_it():
    assert parse_line(Line("f", 2, '\ufeff{"text": "长江"}'.encode()), "text") == InputText("长江", '{"text": "长江"}', 22, "f", 2)
    assert parse_line(Line("f", 2, "\ufeff长江".encode())).text == "\ufeff长江"


def test_standard_input_that_is_closed(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(DataError, match="^standard input: found it closed, expected text"):
        lines_of("-")


ONE_OBJECT = "expected one JSON object per line"


@pytest.mark.parametrize(
    "data, message",
    [
        (
            b"ab\xb3\xa4",
            "f:7: found byte 0xb3 at byte 3 of the line, expected UTF-8 text (convert the file from its encoding, such as GB18030)",
        ),
        (
            b"\xed\xa0\x80",
            "f:7: found byte 0xed at byte 1 of the line, expected UTF-8 text (convert the file from its encoding, such as GB18030)",
        ),
        (
            b"{",
            "f:7: found invalid JSON (Expecting property name enclosed in double quotes at character 2), expected one JSON object per line",
        ),
        (b"", "f:7: found invalid JSON (Expecting value at character 1), expected one JSON object per line"),
        (b"[" * 100_000, "f:7: found invalid JSON (nested too deeply), expected one JSON object per line"),
        (b'{"text": ' + b"7" * 5000 + b"}", "f:7: found invalid JSON (a number too long), expected one JSON object per line"),
        (b'{"text": "a", "n": NaN}', "f:7: found invalid JSON (NaN), expected one JSON object per line"),
        (b'{"text": "a", "n": [-Infinity]}', "f:7: found invalid JSON (-Infinity), expected one JSON object per line"),
        (b'{"text": NaN}', "f:7: found invalid JSON (NaN), expected one JSON object per line"),
        (b'{"text": "a", "text": NaN}', "f:7: found invalid JSON (NaN), expected one JSON object per line"),
        (b"[1]", "f:7: found a JSON list, not an object, expected one JSON object per line"),
        (b'{"a": 1}', "f:7: found no field 'text', expected it to hold the text"),
        (b'{"text": 5}', "f:7: found 5 in field 'text', expected a string"),
        (
            b'{"text": "a", "entities": []}',
            "f:7: found a field 'entities', expected none, as the entities are written there",
        ),
    ],
)
def test_bad_lines_are_named(data, message):
    with pytest.raises(DataError) as e:
        parse_line(Line("f", 7, data), "text", "entities")
    assert str(e.value) == message
