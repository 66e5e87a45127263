#!/bin/sh
# Run the tests on each Python from 3.9 to 3.13 that is found, each in an environment of its own, and print a table. Run by `make test-stacks`.
set -u

table="Python  TensorFlow  tests"
status=0
for version in 3.9 3.10 3.11 3.12 3.13; do
    if ! python=$(tools/find_python.sh "$version"); then
        table="$table
$version     -           no such Python here"
        continue
    fi
    venv=.venv-$version
    # The output is kept for the summary and shown as it comes.
    make test VENV="$venv" PYTHON="$python" 2>&1 | tee "$venv.log"
    tensorflow=$("$venv/bin/python" -c 'import importlib.metadata as m; print(m.version("tensorflow"))' 2>/dev/null || echo "-")
    summary=$(grep -E '^[0-9]+ (passed|failed)|^FAILED|^make.*Error' "$venv.log" | tail -n 1)
    rm -f "$venv.log"
    case $summary in *failed* | *error* | *Error* | "") status=1 ;; esac
    table="$table
$(printf '%-7s %-11s %s' "$version" "$tensorflow" "${summary:-did not run}")"
done
echo "$table"
exit $status
