"""albert-ner lint: files and their annotation in one command."""

import pytest

from albert.errors import FieldError
from ner.cli.annotation_check import AnnotationSettings
from ner.cli.lint import Lint, run


def test_the_report_and_odd_places(tmp_path, capsys):
    (tmp_path / "train.txt").write_text("在\tO\n北\tB-LOC\n京\tI-LOC\n\n" * 9 + "北\tO\n京\tO\n")
    assert run(Lint(data_dir=str(tmp_path))) == 0
    plain = capsys.readouterr().out
    assert run(Lint(data_dir=str(tmp_path), annotation=AnnotationSettings(consistency=True))) == 0
    out = capsys.readouterr().out
    assert out.startswith(plain)
    assert "no entity, and LOC at 9 other places" in out.removeprefix(plain)


def test_a_table_beside_json_is_refused():
    with pytest.raises(FieldError, match="format: found json together with consistency"):
        Lint(data_dir="x", format="json", annotation=AnnotationSettings(consistency=True))
