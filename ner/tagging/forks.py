"""Processes forked from one that has used a tagger: the runtime's threads are not in them, so that they would wait forever."""

import os

from albert.errors import UserError

_users = set()


def note_use():
    """Tell that this process has begun to use a runtime."""
    _users.add(os.getpid())


def check_fork():
    """Refuse to go on in a child of a process that has used a tagger.

    Raises:
      UserError: this process is one.
    """
    if _users and os.getpid() not in _users:
        raise UserError(
            "tagger: found a process that was forked after a tagger was loaded, where it cannot run; expected a tagger loaded in "
            "the child alone, or children started with multiprocessing.get_context('spawn')"
        )
