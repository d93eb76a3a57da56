"""One conversation, held with a server: what is given is made, what is asked is asked, what was answered is compared."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from tests.contract.world import DEFAULT_IPAM
from tests.conversations.files import Conversation, Mistake, Request, Step
from tests.conversations.matching import differences
from tests.conversations.phrases import NOTHING, Call, call_of
from tests.conversations.scope import VARIABLE, Named, Scope


def hold(http: httpx.Client, conversation: Conversation) -> None:
    """Raises AssertionError where the server answers otherwise, Mistake where the conversation makes no sense."""
    talk = Talk(http, conversation.said)
    talk.scope.values.update(conversation.values)
    try:
        talk.begin()
        for request in conversation.given:
            talk.must(request)
        for step in conversation.steps:
            talk.take(step)
    finally:
        for request in conversation.afterwards:
            talk.must(request)


class Talk:
    """The names of one conversation, and its line to the server."""

    def __init__(self, http: httpx.Client, said: str) -> None:
        self.http = http
        self.scope = Scope()
        self.said = said
        # Of each variable the facts that the conversation speaks of.
        self._facts: dict[str, set[str]] = {}
        for found in VARIABLE.finditer(said):
            self._facts.setdefault(found["name"], set()).update(found["path"].split(".")[1:2])

    def begin(self) -> None:
        """A domain and a project of the conversation's own; the network IPAM of everybody if it speaks of it."""
        self.must(Request("create domain domain", {"fq_name": [self.scope.mark]}))
        self.must(Request("create project project"))
        if re.search(r"\bipam\b", self.said):
            self.must(Request("find network-ipam ipam", DEFAULT_IPAM))

    def must(self, request: Request) -> None:
        """Ask for what has to succeed."""
        response = self.ask(request)
        assert response.is_success, f"{request.phrase} is answered {response.status_code}: {response.text}"

    def take(self, step: Step) -> None:
        for request in step.when:
            response = self.ask(request)
            problems = list(self._problems(response, self.scope.fill(dict(step.then))))
            asked = f"{response.request.method} {response.request.url.raw_path.decode()}"
            answer = f"{request.phrase} ({asked}) is answered {response.status_code}: {response.text[:2000]}"
            assert not problems, "\n".join([answer, *problems])

    def ask(self, request: Request) -> httpx.Response:
        call = call_of(request, self.scope)
        body = {} if call.body is NOTHING else {"json": call.body}
        if call.raw is not None:
            body = {"content": call.raw}
        response = self.http.request(call.method, call.path, headers=call.headers, **body)
        if call.name and response.is_success:
            self.scope.values[call.name] = self._named(call, response.json())
        return response

    def _named(self, call: Call, answer: Mapping[str, Any]) -> Named:
        # Who asked for a uuid knows the name.
        found = Named(call.kind, answer.get(call.kind) or {**call.body, **answer})
        if call.method == "GET" or self._facts.get(call.name, set()) <= found.shown.keys():
            return found
        response = self.http.get(found.path)
        assert response.is_success, f"{call.name} cannot be read: {response.text}"
        return Named(call.kind, response.json()[call.kind])

    def _problems(self, response: httpx.Response, then: dict[str, Any]) -> Iterator[str]:
        for key, wanted in then.items():
            if key.startswith("read "):
                yield from (f"{key}: {problem}" for problem in self._read(key, wanted))
            else:
                yield from getattr(self, f"_{key}")(response, wanted)

    def _read(self, phrase: str, wanted: Any) -> list[str]:
        """A read after the request shows this."""
        call = call_of(Request(phrase), self.scope)
        response = self.http.get(call.path)
        return differences(wanted, response.json()[call.kind]) if response.is_success else [f"{response.status_code}: {response.text}"]

    def _status(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        if not isinstance(wanted, int):
            raise Mistake(f"a status is a number, not {wanted!r}")
        if response.status_code != wanted:
            yield f"status {response.status_code}, not {wanted}"

    def _text(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        for piece in _pieces(wanted):
            if piece not in response.text:
                yield f"the text lacks {piece!r}"

    def _lacks(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        for piece in _pieces(wanted):
            if piece in response.text:
                yield f"the text has {piece!r}"

    def _json(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        if not re.match(r"application/(.*\+)?json\b", response.headers.get("content-type", "")):
            yield f"no JSON: {response.text!r}"
        else:
            yield from differences(wanted, response.json())

    def _headers(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        yield from differences({name.lower(): value for name, value in wanted.items()}, dict(response.headers), "")

    def _empty(self, response: httpx.Response, wanted: Any) -> Iterator[str]:
        if (response.content == b"") is not wanted:
            yield "the body is not empty" if wanted else "the body is empty"

    def _there(self, _: httpx.Response, wanted: Any) -> Iterator[str]:
        yield from (f"{name} is not there" for name in _pieces(wanted) if self.http.get(self.scope.object(name).path).status_code != 200)

    def _gone(self, _: httpx.Response, wanted: Any) -> Iterator[str]:
        yield from (f"{name} is still there" for name in _pieces(wanted) if self.http.get(self.scope.object(name).path).status_code != 404)


def _pieces(wanted: Any) -> list[str]:
    return [str(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
