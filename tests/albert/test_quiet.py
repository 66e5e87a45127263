"""What C++ writes to standard error goes, what Python writes stays."""

import os
import subprocess
import sys

import pytest

from albert.quiet import quiet_stderr


def test_only_what_is_written_past_python_is_lost(capfd):
    os.write(2, b"before\n")
    with quiet_stderr():
        os.write(2, b"lost\n")
        print("python", file=sys.stderr)
    os.write(2, b"after\n")
    # Pytest's own stream is no descriptor's.
    assert [line for line in capfd.readouterr().err.splitlines() if line != "python"] == ["before", "after"]


@pytest.mark.parametrize("closing", ["", "os.close(2); "])
def test_python_is_heard_and_so_are_exceptions(closing):
    code = f"""
import os, sys
from albert.quiet import quiet_stderr
{closing}
try:
    with quiet_stderr():
        os.write(1, b"out\\n")
        {"" if closing else "os.write(2, b'lost'); print('python', file=sys.stderr)"}
        raise KeyError("x")
except KeyError:
    {"pass" if closing else "print('caught', file=sys.stderr)"}
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "out\n")
    assert result.stderr == ("" if closing else "python\ncaught\n")
