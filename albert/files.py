"""Files written all at once: a reader sees the old file or the whole new one, never a part."""

import contextlib
import os
import tempfile


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
    descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", suffix=".tmp", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(descriptor, mode, **text) as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        # mkstemp makes files private to the user; give this one the rights any newly created file has here.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
