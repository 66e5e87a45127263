"""A table that a run adds to, is killed, and adds to again."""

from albert.training.csv_log import CsvLog


def test_rows_are_added_and_read_back(tmp_path):
    log = CsvLog(tmp_path / "steps.csv")
    assert log.read() == []
    log.write({"step": 3, "loss": 1 / 3, "rate": 2e-5})
    CsvLog(tmp_path / "steps.csv").write({"step": 7, "loss": 0.25, "rate": 1.0})
    assert (tmp_path / "steps.csv").read_text(encoding="utf-8") == "step,loss,rate\n3,0.333333,2e-05\n7,0.25,1\n"
    assert log.read() == [{"step": 3.0, "loss": 0.333333, "rate": 2e-5}, {"step": 7.0, "loss": 0.25, "rate": 1.0}]


def test_what_was_not_saved_is_cut(tmp_path):
    log = CsvLog(tmp_path / "steps.csv")
    log.cut(5)
    for step in (3, 7, 11):
        log.write({"step": step, "loss": 0.5})
    log.cut(7)
    assert [row["step"] for row in log.read()] == [3.0, 7.0]
    # Nothing but a header says nothing, and the next run may have other columns.
    log.cut(2)
    assert not (tmp_path / "steps.csv").exists()


def test_a_row_that_a_kill_tore_is_cut(tmp_path):
    log = CsvLog(tmp_path / "steps.csv")
    log.write({"step": 3, "loss": 0.5})
    with open(log.path, "a", encoding="utf-8") as f:
        f.write("1")
    log.cut(7)
    log.write({"step": 13, "loss": 0.25})
    assert [row["step"] for row in log.read()] == [3.0, 13.0]
