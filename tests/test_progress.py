"""Long work is named: in the log where nobody watches."""

import logging

from sopkit.progress import seen, write_log


def test_a_step_is_a_line_of_the_log_with_its_seconds(caplog):
    caplog.set_level(logging.INFO, "sopkit")
    things = seen([("a", 1), ("b", 2)], 2, lambda each: f"step {each[0]}")
    assert [number for _, number in things] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == ["step a: 0.0 s", "step b: 0.0 s"]


def test_the_log_is_written_once_however_often_it_is_asked_for(capsys):
    before = logging.getLogger("sopkit").handlers
    try:
        write_log()
        write_log()
        logging.getLogger("sopkit").info("pages: 1.0 s")
        assert capsys.readouterr().err.count("pages: 1.0 s\n") == 1
    finally:
        logging.getLogger("sopkit").handlers = before
