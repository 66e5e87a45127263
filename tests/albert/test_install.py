"""Both packages in one folder are an error that says what to remove."""

import pytest

from albert.install import check


def test_both_are_refused(tmp_path):
    (tmp_path / "albert_ner-0.1.0.dist-info").mkdir()
    check(tmp_path)
    (tmp_path / "albert_ner_light-0.2.0.dist-info").mkdir()
    with pytest.raises(
        ImportError, match="found albert-ner and albert-ner-light, .*: pip uninstall albert-ner albert-ner-light, then pip install"
    ):
        check(tmp_path)
    (tmp_path / "albert_ner-0.1.0.dist-info").rmdir()
    check(tmp_path)
