#!/bin/sh
# Make the virtual environment given as argument, from scratch, with exactly what requirements.lock says and this project.
# Run by `make venv`. PYTHON=... names the interpreter; by default it is the first suitable one on the path.
set -eu

venv=$1
candidates=${PYTHON:-python3.11 python3.10 python3.9 python3 python}

fail() {
    echo "make venv: $1" >&2
    exit 1
}

python=
without_venv=
for candidate in $candidates; do
    # Run, not only looked up: a version manager's shim is on the path even when no such version is active.
    if "$candidate" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null; then
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            python=$candidate
            break
        fi
        without_venv=${without_venv:-$candidate}
    fi
done
if [ -z "$python" ]; then
    [ -z "$without_venv" ] || fail "$without_venv has no venv or ensurepip module; install it (Debian, Ubuntu: the package python3-venv of that version)"
    fail "expected Python 3.9, 3.10 or 3.11, found none as: $candidates; install one, or name it with PYTHON=path"
fi

echo "make venv: $venv with $("$python" --version) ($python)"
"$python" -m venv --clear "$venv"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}
# pip itself first: those that come with Python 3.9 and 3.10 cannot build seqeval, and do not know --build-constraint.
pip install --quiet --upgrade --constraint requirements.lock pip
pip install --quiet --requirement requirements.lock --build-constraint requirements.lock
# The lock has what the build needs; an isolated build would fetch it again, unpinned.
# setuptools warns at length that folders of the working directory come first in imports; here they are the same folders.
PYTHONWARNINGS=ignore pip install --quiet --no-deps --no-build-isolation --editable .
