"""Files written all at once: a reader sees the old file or the whole new one, never a part."""

import contextlib
import os
import secrets


@contextlib.contextmanager
def atomic_write(path, mode="w"):
    """Open a temporary file beside ``path`` for writing, and rename it to ``path`` when the block ends without an exception.

    Text is UTF-8 with LF line ends on every system. If the block raises, the temporary file is removed and ``path`` stays as it was.

    Args:
      path: the file to write; its directory must exist.
      mode: ``w`` for text or ``wb`` for bytes.

    Raises:
      OSError: the directory is missing or not writable, or the disk is full.
    """
    path = os.fspath(path)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, mode.replace("w", "x"), **text) as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
