"""What a load asks for, as it is sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.bench import generator, wrk
from tests.bench.orders import ADDRESS, NAME, TURN, TWIN, UUID, LoadFailed, Order, Step, filled, get, name_of, uuid_of

NUMBERS = (some.integers(0, 0xFFFF), some.integers(0, 0xFF), some.integers(0, 16_383))


@pytest.fixture
def with_wrk() -> generator.Generate:
    if not wrk.found():
        # The benchmarks do without it too, with the load of our own. CI is root on Debian, where it is installed.
        pytest.skip("wrk is not installed, and could not be")
    return wrk.ordered


@pytest.fixture(params=["our own", "wrk"])
def generate(request: pytest.FixtureRequest) -> generator.Generate:
    """Each load in turn."""
    load: generator.Generate = generator.ordered if request.param == "our own" else request.getfixturevalue("with_wrk")
    return load


@contextmanager
def echo(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer goes out whole

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.path} {body.decode()}")
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST  # noqa: N815 - the name is http.server's

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@given(*NUMBERS)
def test_a_body_has_the_length_that_was_told_whatever_it_names(run: int, client: int, turn: int) -> None:
    step = Step("POST", "/", f"{NAME} {UUID} {TWIN} {ADDRESS} {TURN}")

    assert len(filled(step.body, Order("", 1, 1, (step,), run), client, turn)) == step.length


@given(some.sets(some.tuples(*NUMBERS), min_size=2, max_size=20))
def test_names_and_uuids_are_told_apart_by_run_client_and_turn(those: set[tuple[int, int, int]]) -> None:
    assert len({name_of(*one) for one in those}) == len(those)
    assert len({uuid_of(*one, twin) for one in those for twin in (0, 1)}) == 2 * len(those)


async def test_both_loads_ask_the_same_in_the_same_order(generate: generator.Generate) -> None:
    steps = (Step("POST", f"/first/{UUID}", f'{{"{NAME}": {ADDRESS}}}'), get(f"/second/{TWIN}?{TURN}"))
    with echo() as (url, asked):
        order = Order(url, 1, 0.3, steps, run=7, span=1)

        load = await generate(order)

        requests = [(filled(step.path, order, 0, turn), filled(step.body, order, 0, turn)) for turn in (0, 1) for step in steps]
        assert asked[:4] == [f"{path} {body}" for path, body in requests]
        assert load.rate > 0


async def test_an_answer_that_is_no_2xx_ends_the_run(generate: generator.Generate, capfd: pytest.CaptureFixture[str]) -> None:
    with echo(409) as (url, _), pytest.raises(LoadFailed) as failed:
        await generate(Order(url, 1, 0.2, (get("/"),)))

    assert re.search("GET / was answered 409", f"{failed.value}{capfd.readouterr().err}")


async def test_one_request_again_and_again_is_sent_as_it_is(with_wrk: generator.Generate) -> None:
    with echo() as (url, asked):
        await with_wrk(Order(url, 2, 0.2, (Step("POST", "/names", '{"type": "tag"}'),)))

    assert set(asked) == {'/names {"type": "tag"}'}
