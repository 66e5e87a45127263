"""Locks between processes that end with their holder, however it ends.

A lock is a file that a process holds locked with the operating system's own locks (``flock``, ``msvcrt.locking``): a kill or a
power cut frees it, and a file that one of them leaves behind locks nothing. The file holds its holder's number and machine,
for messages only.

On a network file system the locks are the server's: NFS from version 4 (and version 3 with its lock service) and SMB keep a second
machine out, and free the lock of a machine that died once the server notices, after a minute or two. Where the file system has
no locks (some FUSE mounts, NFS mounted with ``nolock``), nothing keeps a second process out; ``lock`` says so by what it gives.
"""

import contextlib
import errno
import os
import platform
import time

from albert.errors import UserError

_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
_POLL_SECONDS = 0.05
# On Windows a locked byte cannot be read by others: one beyond all that is in the file.
_LOCKED_BYTE = 1 << 20


class LockedError(UserError):
    """Another process holds a lock.

    Attributes:
      path: the lock's file.
      holder: that process in words, ``process 4211 on my-machine``.
    """

    def __init__(self, path, holder):
        super().__init__(path, holder)
        self.path = path
        self.holder = holder

    def __str__(self):
        return f"{self.path}: found it locked by {self.holder}, expected no other process to use it"


@contextlib.contextmanager
def lock(path, wait=True):
    """Hold the lock file ``path`` while the block runs. The file is made for that and removed after.

    Within one process, too, a second attempt finds the lock held.

    Args:
      path: the file; its directory must exist.
      wait: whether to wait for another process that holds it.

    Yields:
      Whether the lock is held: False where the file system has no locks.

    Raises:
      LockedError: another process holds it, without ``wait``.
      OSError: the file cannot be made.
    """
    path = os.fspath(path)
    descriptor, held = _open(path, wait)
    try:
        yield held
    finally:
        # Elsewhere than on Windows the name goes first: once the lock is free, the file may be another's.
        _close(descriptor, path) if os.name == "nt" else _remove_and_close(descriptor, path)


def _open(path, wait):
    """(descriptor of the open file, whether it is locked)."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            state = _try(descriptor)
            if state is None:
                return descriptor, False
            if state and _is(descriptor, path):
                os.truncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, f"{os.getpid()} {platform.node()}".encode("utf-8", "replace"))
                return descriptor, True
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not state:
            if not wait:
                raise LockedError(path, _holder(path))
            time.sleep(_POLL_SECONDS)


def _try(descriptor):
    """True: locked; False: another has it; None: there are no locks here."""
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - one system's module

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - the other systems'

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        if e.errno in _BUSY:
            return False
        if e.errno in _NO_LOCKS:
            return None
        raise
    return True


def _is(descriptor, path):
    """True if the open file is the one of that name. A process that held the lock before has removed its own file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            number, _, machine = f.read(200).partition(" ")
    except OSError:
        number = machine = ""
    return f"process {number} on {machine}" if number.isascii() and number.isdigit() else "another process"


def _remove_and_close(descriptor, path):
    try:
        with contextlib.suppress(OSError):
            if _is(descriptor, path):
                os.unlink(path)
    finally:
        os.close(descriptor)


def _close(descriptor, path):
    os.close(descriptor)
    with contextlib.suppress(OSError):  # another process has it open by now
        os.unlink(path)
