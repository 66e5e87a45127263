#!/bin/sh
# Print the first interpreter that is found of the versions given as arguments (3.13 3.12 ...), on the path or among pyenv's; fail if there is none.
for version in "$@"; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        # Run, not only looked up: a version manager's shim is on the path even when no such version is active.
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            exit 0
        fi
    done
done
exit 1
