#!/bin/sh
# Build albert-ner-light into dist/, install it into a fresh environment, and run there the tests that need nothing else.
# Run by `make light`. PYTHON=... names the interpreter, Python 3.9 to 3.13.
set -eu

python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/venv"
pip() {
    "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"
}
pip install --upgrade pip "setuptools>=64" wheel
# Built from a copy: setuptools leaves folders in the tree, and packs what an earlier build left there.
mkdir "$work/tree"
(cd "$root" && git ls-files -z setup.py pyproject.toml README.md LICENSE run_ner.py albert ner flags | xargs -0 tar -cf -) | tar -xf - -C "$work/tree"
(cd "$work/tree" && ALBERT_NER_LIGHT=1 "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check wheel --no-deps \
    --no-build-isolation --wheel-dir "$work/dist" .)
wheel=$(ls "$work"/dist/albert_ner_light-*.whl)
pip install "$wheel" pytest

# Away from the checkout, whose folders would be imported in the place of what was installed.
cp -R "$root/tests" "$root/pyproject.toml" "$work/"
cd "$work"
"$work/venv/bin/python" -m pytest -p no:cacheprovider tests/light tests/ner/decoding/test_array_decoder.py tests/ner/long_text/test_windows.py \
    tests/albert/onnx tests/albert/test_install.py

mkdir -p "$root/dist"
cp "$wheel" "$root/dist/"
echo "make light: dist/$(basename "$wheel"), $(du -h "$wheel" | cut -f1); with $("$python" --version) installed:" \
    "$(du -sh --exclude=pip --exclude=setuptools --exclude=wheel --exclude=pytest --exclude=_pytest "$work"/venv/lib/python*/site-packages | cut -f1)"
