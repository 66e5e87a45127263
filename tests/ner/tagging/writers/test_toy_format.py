"""A further output format is one class and one line of ``WRITERS``: here is the class, and the line is added while the tests run."""

import json
import subprocess
import sys

from ner.cli.tag import TagCommand, run
from ner.tagging.settings import ModelSettings, TaggingSettings
from ner.tagging.writers import WRITERS
from ner.tagging.writers.base import Writer
from tests.ner.tiny import tiny_model_dir

ENTRY = (f"{__name__}.CountWriter", "the number of entities per text")


class CountWriter(Writer):
    """Writes the number of entities of each text on a line of its own."""

    def begin(self, item):
        """Begin to count."""
        self._count = 0

    def piece(self, text, piece):
        """Count the entities of a ``Piece`` of the text."""
        self._count += len(piece.spans)

    def end(self):
        """Write the number."""
        self._out.write(f"{self._count}\n")


def test_texts_are_written_in_it(tmp_path, monkeypatch):
    monkeypatch.setitem(WRITERS, "count", ENTRY)
    texts = ["", "李明在北京和上海学习", "王" * 700]
    (tmp_path / "in").write_text("\n".join(texts) + "\n", encoding="utf-8")
    model = ModelSettings(tiny_model_dir(tmp_path / "model"))
    found = []
    for name in ("count", "jsonl"):
        run(TagCommand([str(tmp_path / "in")], model, TaggingSettings(7), tmp_path / name, output_format=name))
        found.append((tmp_path / name).read_text(encoding="utf-8"))
    assert [int(count) for count in found[0].splitlines()] == [len(json.loads(line)["entities"]) for line in found[1].splitlines()]
    assert found[0].startswith("0\n") and len(found[0].split()) == len(texts)


def test_the_command_offers_it():
    code = f"""
import sys
from ner.tagging.writers import WRITERS
WRITERS["count"] = {ENTRY!r}
from ner.cli.main import main
main(["albert-ner", "tag", "--output_format=nonsense" if sys.argv[1:] else "--help"])
"""
    for arguments, expected in [
        ((), "count: the number of entities per text."),
        (("wrong",), f"<{'|'.join(name for name in WRITERS if name != 'count')}|count>"),
    ]:
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert expected in (done.stdout + done.stderr).replace("\n    ", " ")
