#!/bin/sh
# Make the virtual environment given as argument, from scratch, with exactly what the lock of its stack says and this project.
# Run by `make venv`. PYTHON=... names the interpreter; by default it is the first suitable one on the path, one of the reference stack
# before all others. The locks: requirements.lock where setup.py has the reference stack, requirements-later.lock for Python 3.12 and 3.13.
set -eu

venv=$1
candidates=${PYTHON:-python3.11 python3.10 python3.9 python3 python python3.13 python3.12}

fail() {
    echo "make venv: $1" >&2
    exit 1
}

python=
without_venv=
for candidate in $candidates; do
    # Run, not only looked up: a version manager's shim is on the path even when no such version is active.
    if "$candidate" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            python=$candidate
            break
        fi
        without_venv=${without_venv:-$candidate}
    fi
done
if [ -z "$python" ]; then
    [ -z "$without_venv" ] || fail "$without_venv has no venv or ensurepip module; install it (Debian, Ubuntu: the package python3-venv of that version)"
    fail "expected Python 3.9 to 3.13, found none as: $candidates; install one, or name it with PYTHON=path"
fi
case $("$python" -c 'import platform, sys; print(sys.version_info[:2] < (3, 12), sys.platform, platform.machine())') in
    "True linux x86_64" | "True darwin "*) lock=requirements.lock ;;
    "False "*) lock=requirements-later.lock ;;
    *) fail "expected Python 3.12 or 3.13, found $python: the locks have no older one for this kind of machine; name another with PYTHON=path" ;;
esac

echo "make venv: $venv with $("$python" --version) ($python), $lock"
"$python" -m venv --clear "$venv"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@"
}
# pip itself first: those that come with Python 3.9 and 3.10 cannot build seqeval, and do not know --build-constraint.
pip install --quiet --upgrade --constraint "$lock" pip
pip install --quiet --requirement "$lock" --build-constraint "$lock"
# The lock has what the build needs; an isolated build would fetch it again, unpinned.
# setuptools warns at length that folders of the working directory come first in imports; here they are the same folders.
PYTHONWARNINGS=ignore pip install --quiet --no-deps --no-build-isolation --editable .
