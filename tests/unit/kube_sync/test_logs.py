"""Logs: a line each, with the object it is about, readable by machines where no person is watching."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from kube_sync.logs import LogFormat, LogLevel, configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_line_is_an_object_that_says_when_how_bad_and_about_whom(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON, LogLevel.INFO)
    with structlog.contextvars.bound_contextvars(key="Pod default/web-0"):
        structlog.get_logger().info("attached", uid="u", interfaces="eth0 ü")
    structlog.get_logger().debug("not told")

    (line,) = lines(capsys)
    assert line.pop("timestamp")
    assert line == {"event": "attached", "level": "info", "key": "Pod default/web-0", "uid": "u", "interfaces": "eth0 ü"}


def test_a_surprise_is_one_line_with_its_whole_story(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.JSON, LogLevel.INFO)
    structlog.get_logger().error("to be tried again", exc_info=RuntimeError("nobody expected this"))

    (line,) = lines(capsys)
    assert "nobody expected this" in json.dumps(line["exception"])


def test_what_libraries_say_is_said_the_same_way(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    configure_logs(LogFormat.AUTO, LogLevel.INFO)
    logging.getLogger("asyncio").warning("slow %s", "callback")
    logging.getLogger("httpx").info("HTTP Request: GET …")

    (line,) = lines(capsys)
    assert (line["event"], line["logger"], line["level"]) == ("slow callback", "asyncio", "warning")


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogFormat.TEXT, LogLevel.DEBUG)
    structlog.get_logger().debug("waits", reason="NetworkNotFound")

    assert "reason=NetworkNotFound" in capsys.readouterr().err
