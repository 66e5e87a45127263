"""Measurements beside other implementations, and of this project alone; each module says what it measures."""

import sys

from albert.errors import UserError


def run(main):
    """Exit the process with what ``main()`` returns; a ``UserError`` becomes one line on stderr and the code 1."""
    try:
        sys.exit(main())
    except UserError as e:
        sys.exit(f"error: {e}")
