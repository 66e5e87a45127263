"""An input's text as one array of ids on disk, made once and mapped into memory.

A cache is a directory named after a hash of everything that decides its contents::

    tokens.bin            ids of all characters, uint16 (uint32 for a vocabulary above 65,536), native byte order
    word_starts.bin       uint8, 1 where a word begins; only with a segmenter
    sentences.npy         int64, where each sentence begins
    documents.npy         int64, where each document begins
    cache.json            counts, and what the cache was made of

It is written under another name and renamed when complete, so a cache that exists is whole.
"""

import dataclasses
import hashlib
import json
import os
import secrets
import shutil
from typing import Optional

import numpy as np

from albert.errors import FieldError, UserError
from albert.files import read_json, sha256
from albert.pretraining.text import read_lines

_VERSION = 1
# Lines tokenized at a time: enough that the work is NumPy's, few enough to stay small in memory.
_LINES = 1 << 15


@dataclasses.dataclass(frozen=True)
class TokenCache:
    """The tokens of one input.

    Attributes:
      path: the cache's directory.
      tokens: uint16 or uint32 [N].
      word_starts: uint8 [N], or None without a segmenter.
      sentences, documents: int64, rising; positions in ``tokens``. Every document begins with a sentence.
      hashes: dict from path to SHA-256, of the files it was made from.
    """

    path: str
    tokens: np.ndarray
    word_starts: Optional[np.ndarray]
    sentences: np.ndarray
    documents: np.ndarray
    hashes: dict


def open_cache(directory, paths, tokenizer, segmenter=None, log=print):
    """The cache of some files, made first where it does not exist.

    Args:
      directory: where caches are kept.
      paths: text files, one sentence a line, a blank line after each document; a file's end ends its document too.
      tokenizer: ``albert.CharTokenizer`` or ``SentencePieceTokenizer``.
      segmenter: one of ``albert.pretraining.segmentation``, or None.
      log: takes a line of text.

    Returns:
      ``TokenCache``.

    Raises:
      UserError: a file is missing or broken, there is no text in them, or the cache cannot be written or is damaged.
    """
    hashes = _hash_files(paths)
    made_of = {
        "version": _VERSION,
        "tokenizer": hashlib.sha256(tokenizer.code_point_table().tobytes()).hexdigest(),
        "segmenter": segmenter.identity if segmenter else None,
        "files": [hashes[path] for path in paths],
        "byte_order": np.dtype(np.uint16).newbyteorder("=").str,
    }
    key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
    path = os.path.join(directory, key)
    if not os.path.isdir(path):
        _build(path, paths, tokenizer, segmenter, made_of, log)
    return _open(path, hashes)


def _build(path, paths, tokenizer, segmenter, made_of, log):
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        os.makedirs(temporary)
        counts = _write(temporary, paths, tokenizer, segmenter)
        if not counts["tokens"]:
            raise FieldError(
                "{input_file}: no text in {}{}, expected sentences", paths[0], f" and {len(paths) - 1} more" if paths[1:] else ""
            )
        with open(os.path.join(temporary, "cache.json"), "w", encoding="utf-8") as f:
            json.dump({**counts, "made_of": made_of}, f, indent=2)
        os.rename(temporary, path)
    except OSError as e:
        if not os.path.isdir(path):  # another run may have made the same cache meanwhile
            raise FieldError("{cache_dir}: cannot write {}: {}", path, e.strerror) from e
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    log(f"{len(paths)} files, {paths[0]} …: {_read_meta(path)['tokens']:,} tokens cached in {path}")


def _write(directory, paths, tokenizer, segmenter):
    dtype = _dtype(tokenizer.vocab_size)
    sentences, documents, total = [], [], 0
    starts_document = True
    words = open(os.path.join(directory, "word_starts.bin"), "wb") if segmenter else None  # noqa: SIM115 - closed below
    try:
        with open(os.path.join(directory, "tokens.bin"), "wb") as tokens:
            for path in paths:
                for lines in _batches(read_lines(path)):
                    for line in lines:
                        if not line:
                            starts_document = True
                            continue
                        if starts_document:
                            documents.append(total)
                            starts_document = False
                        sentences.append(total)
                        total += len(line)
                    tokens.write(tokenizer.encode("".join(lines)).astype(dtype).tobytes())
                    if words:
                        words.write(b"".join(segmenter.word_starts(line).tobytes() for line in lines))
                starts_document = True
    finally:
        if words:
            words.close()
    np.save(os.path.join(directory, "sentences.npy"), np.array(sentences, np.int64))
    np.save(os.path.join(directory, "documents.npy"), np.array(documents, np.int64))
    return {"tokens": total, "sentences": len(sentences), "documents": len(documents), "dtype": dtype.name, "words": bool(segmenter)}


def _batches(lines):
    batch = []
    for line in lines:
        batch.append(line)
        if len(batch) == _LINES:
            yield batch
            batch = []
    yield batch


def _open(path, hashes):
    meta = _read_meta(path)
    try:
        if meta["dtype"] not in ("uint16", "uint32") or type(meta["tokens"]) is not int:
            raise ValueError("cache.json names no array")
        return TokenCache(
            path,
            _map(path, "tokens.bin", np.dtype(meta["dtype"]), meta["tokens"]),
            _map(path, "word_starts.bin", np.dtype(np.uint8), meta["tokens"]) if meta["words"] else None,
            np.load(os.path.join(path, "sentences.npy")),
            np.load(os.path.join(path, "documents.npy")),
            hashes,
        )
    except (OSError, ValueError, LookupError, TypeError, OverflowError, EOFError) as e:
        raise _damaged(path, e) from e


def _map(path, name, dtype, size):
    file = os.path.join(path, name)
    found, expected = os.path.getsize(file), size * dtype.itemsize
    if found != expected:
        raise ValueError(f"{name}: expected {expected} bytes, found {found}")
    return np.memmap(file, dtype, "r")


def _read_meta(path):
    try:
        return read_json(os.path.join(path, "cache.json"), "what a cache was made of")
    except UserError as e:
        raise _damaged(path, e) from e


def _damaged(path, reason):
    return FieldError("{cache_dir}: {} is damaged ({}); remove it and it will be made again", path, " ".join(str(reason).split()))


def _dtype(vocab_size):
    return np.dtype(np.uint16 if vocab_size <= 1 << 16 else np.uint32)


def _hash_files(paths):
    hashes = {}
    for path in paths:
        try:
            hashes[path] = sha256(path)
        except OSError as e:
            raise FieldError("{input_file}: cannot read {}: {}", path, e.strerror) from e
    return hashes
