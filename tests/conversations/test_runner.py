"""The runner of conversations fails where it should: at an answer that is not as expected, and at a file that makes no sense."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conversations.files import Case, Mistake, cases
from tests.conversations.matching import differences
from tests.conversations.talk import hold


class Store:
    """As much of a server as a conversation about the runner needs: objects by path, and 400 for a name that begins with `bad`."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if request.method == "POST":
            return self._create(json.loads(request.content))
        if path not in self.objects:
            return httpx.Response(404, text="unknown")
        if request.method == "DELETE":
            del self.objects[path]
            return httpx.Response(200)
        kind = path.split("/")[1]
        if request.method == "PUT":
            self.objects[path].update(json.loads(request.content)[kind])
        return httpx.Response(200, json={kind: self.objects[path]}, headers={"ETag": "x"})

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        ((kind, document),) = body.items()
        if document["fq_name"][-1].startswith("bad"):
            return httpx.Response(400, text="the name is bad")
        made = {**document, "uuid": str(uuid4())}
        self.objects[f"/{kind}/{made['uuid']}"] = made
        return httpx.Response(200, json={kind: {"fq_name": made["fq_name"], "uuid": made["uuid"]}})


def told(text: str, folder: Path, name: str = "virtual-network") -> list[Case]:
    (folder / f"{name}.yaml").write_text(text)
    return cases([folder / f"{name}.yaml"])


def held(text: str, folder: Path) -> Store:
    """The conversations of a file with this text, held."""
    store = Store()
    with httpx.Client(transport=httpx.MockTransport(store), base_url="http://server") as client:
        for case in told(text, folder):
            hold(client, case.read())
    return store


GIVEN = """
- title: t
  rule: "1"
  given:
    network blue: {subnets: 10.1.1.0/24, display_name: Blue, mtu: 1500}
"""


@pytest.mark.parametrize(
    "then",
    [
        "when: read blue\n  then: 200",
        "when: read blue\n  then: {json: {virtual-network: {mtu: 1500, is_shared: $absent, uuid: $blue.uuid}}}",
        "when: {update blue: {mtu: 9000}}\n  then: {read blue: {mtu: 9000, display_name: $blue.display_name}}",
        "when: {create virtual-network bad: }\n  then: {status: 400, text: [name, bad], lacks: good}",
        "when: delete blue\n  then: {empty: true, gone: blue}",
        "when: read blue\n  then: {there: blue, headers: {etag: x}}",
        "when: GET /virtual-network/$nowhere\n  then: 404",
        "when: GET /virtual-network/$blue.uuid\n  then: 200",
        "when: [{create virtual-network bad: }, {create virtual-network bad: }]\n  then: 400",
        "steps: [{when: {create virtual-network red: {mtu: $number.a}}, then: 200}, {when: read red, then: {read red: {mtu: $number.a}}}]",
        "examples: [{name: bad, status: 400}, {name: good, status: 200}]\n  when: {create virtual-network $name: }\n  then: $status",
    ],
)
def test_what_holds_is_held(then: str, tmp_path: Path) -> None:
    held(f"{GIVEN}  {then}", tmp_path)


@pytest.mark.parametrize(
    ("then", "complaint"),
    [
        ("when: read blue\n  then: 404", "status 200, not 404"),
        ("when: GET /virtual-network/$nowhere\n  then: {text: blue}", "status 404, not 200"),
        ("when: read blue\n  then: {json: {virtual-network: {mtu: '1500'}}}", "virtual-network.mtu is 1500, not '1500'"),
        ("when: read blue\n  then: {json: {virtual-network: {isid: 1}}}", "virtual-network.isid is not there"),
        ("when: read blue\n  then: {json: {virtual-network: {mtu: $absent}}}", "virtual-network.mtu is there"),
        ("when: {update blue: {mtu: 9000}}\n  then: {read blue: {mtu: 1500}}", "read blue: mtu is 9000"),
        ("when: {create virtual-network bad: }\n  then: {status: 400, text: good}", "the text lacks 'good'"),
        ("when: {create virtual-network bad: }\n  then: {status: 400, lacks: bad}", "the text has 'bad'"),
        ("when: {create virtual-network bad: }\n  then: {status: 400, json: {a: 1}}", "no JSON"),
        ("when: read blue\n  then: {gone: blue}", "blue is still there"),
        ("when: delete blue\n  then: {there: blue}", "blue is not there"),
        ("when: read blue\n  then: {empty: true}", "the body is not empty"),
        ("when: delete blue\n  then: {empty: false}", "the body is empty"),
        ("when: read blue\n  then: {headers: {ETag: y}}", "etag is 'x', not 'y'"),
        ("when: [read blue, {create virtual-network bad: }]\n  then: 200", "status 400, not 200"),
        ("steps: [{when: read blue, then: 200}, {when: read blue, then: 404}]", "status 200, not 404"),
        ("examples: [{status: 200}, {status: 404}]\n  when: read blue\n  then: $status", "status 200, not 404"),
    ],
)
def test_what_does_not_hold_fails(then: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=complaint.replace("$", r"\$")):
        held(f"{GIVEN}  {then}", tmp_path)


def test_what_is_given_must_succeed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="create virtual-network bad is answered 400"):
        held("- {title: t, rule: '1', given: create virtual-network bad, when: GET /, then: 404}", tmp_path)


def test_what_everybody_shares_is_put_back_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="status 200"):
        held(f"{GIVEN}  when: read blue\n  then: 404\n  afterwards: delete blue", tmp_path)

    with pytest.raises(AssertionError, match="delete blue is answered 404"):
        held(f"{GIVEN}  when: delete blue\n  then: 200\n  afterwards: delete blue", tmp_path)


@pytest.mark.parametrize(
    ("conversation", "complaint"),
    [
        ("{title: t, rule: '1', wen: GET /, then: 200}", "unknown keys"),
        ("{rule: '1', when: GET /, then: 200}", "title is missing"),
        ("{title: t, when: GET /, then: 200}", "rule is missing"),
        ("{title: t, rule: 4.3, when: GET /, then: 200}", "rule is missing, or no text"),
        ("{title: t, rule: '1', then: 200}", "when asks for nothing"),
        ("{title: t, rule: '1', when: GET /}", "then checks nothing"),
        ("{title: t, rule: '1', when: GET /, then: {}}", "then checks nothing"),
        ("{title: t, rule: '1', when: GET /, then: {text: ''}}", "text checks nothing"),
        ("{title: t, rule: '1', when: GET /, then: {read domain: {}}}", "read domain checks nothing"),
        ("{title: t, rule: '1', when: GET /, then: {stats: 200}}", "then does not know"),
        ("{title: t, rule: '1', when: GET /, then: fine}", "a status is a number"),
        ("{title: t, rule: '1', when: gett /, then: 200}", "nobody understands"),
        ("{title: t, rule: '1', when: read blue, then: 200}", "'blue' is no object"),
        ("{title: t, rule: '1', when: GET /$blue, then: 200}", r"unknown variable \$blue"),
        ("{title: t, rule: '1', when: GET /$domain.mtu, then: 200}", "nothing at 'mtu'"),
        ("{title: t, rule: '1', when: create virtual-netwrok, then: 200}", "there is no kind"),
        ("{title: t, rule: '1', when: create floating-ip-pool, then: 200}", "say what the floating-ip-pool is in"),
        ("{title: t, rule: '1', when: read domain, then: {json: {$exact: 1}}}", r"unknown variable \$exact"),
        ("{title: t, rule: '1', when: read domain, then: {json: {$exactly: 1, uuid: 1}}}", "alone"),
        ("{title: t, rule: '1', steps: [{when: GET /}]}", "a step has when and then"),
        ("{title: t, rule: '1', steps: [{when: GET /, then: 404}], then: 404}", "either when and then, or steps"),
        ("{title: t, rule: '1', examples: [1], when: GET /, then: 404}", "examples is a list of mappings"),
        ("{title: t, title: t, rule: '1', when: GET /, then: 200}", "comes twice"),
        ("{title: [}", "cannot be read|virtual-network.yaml"),
        ("just a text", "a conversation is a mapping"),
    ],
)
def test_a_mistake_in_a_file_is_told(conversation: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=complaint):
        held(f"- {conversation}", tmp_path)


def test_a_mistake_fails_its_own_case_alone(tmp_path: Path) -> None:
    good, bad = "- {title: good, rule: '1', when: GET /, then: 404}", "- {title: bad}"

    assert [case.id for case in told(f"{good}\n{bad}", tmp_path)] == ["virtual-network: good", "virtual-network: bad"]


def test_a_title_that_comes_twice_is_told(tmp_path: Path) -> None:
    one = "- {title: same, rule: '1', when: GET /, then: 404}"

    with pytest.raises(Mistake, match="'same' comes twice"):
        held(f"{one}\n{one}", tmp_path)


def test_only_what_is_spoken_of_is_read(tmp_path: Path) -> None:
    silent = held(f"{GIVEN}  when: GET /virtual-network/$blue.uuid\n  then: 200", tmp_path)
    curious = held(f"{GIVEN}  when: GET /virtual-network/$blue.uuid\n  then: {{json: {{virtual-network: {{mtu: $blue.mtu}}}}}}", tmp_path)

    assert len(silent.asked) == 4
    assert len(curious.asked) == 5


def test_a_kind_stands_where_it_can(tmp_path: Path) -> None:
    store = held(f"{GIVEN}    create virtual-machine vm:\n    interface port on blue:\n  when: read blue\n  then: 200", tmp_path)

    found = {path.split("/")[1]: made for path, made in store.objects.items()}
    network, port, machine = (found[kind] for kind in ("virtual-network", "virtual-machine-interface", "virtual-machine"))
    assert [len(made["fq_name"]) for made in (network, port, machine)] == [3, 3, 1]
    assert port["virtual_network_refs"] == [{"to": network["fq_name"], "uuid": network["uuid"]}]
    assert network["network_ipam_refs"][0]["attr"]["ipam_subnets"] == [{"subnet": {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}}]
    assert machine["fq_name"][0].startswith("vm-")


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ""),
        ({"a": [1]}, {"a": [1, 2]}, "a has 2 elements, not 1"),
        ({"a": 1}, {"a": True}, "a is True, not 1"),
        ({"a": "$any"}, {"a": None}, ""),
        ({"a": "$any"}, {}, "a is not there"),
        ({"$exactly": {"a": 1}}, {"a": 1}, ""),
        ({"$exactly": {"a": 1}}, {"a": 1, "b": 2}, "not exactly"),
        ({"$exactly": [1]}, [True], "not exactly"),
        ({"$contains": [{"a": 1}]}, [{"b": 1}, {"a": 1, "c": 1}], ""),
        ({"$contains": [1, 1]}, [1, 2], "nothing like 1"),
        ({"$contains": "lu"}, "blue", ""),
        ({"$contains": ["x"]}, "blue", "without 'x'"),
        ({"$unordered": [2, 1]}, [1, 2], ""),
        ({"$unordered": [2, 1]}, [1, 2, 3], "in any order"),
        ({"$not": {"a": 1}}, {"a": 2}, ""),
        ({"$not": {"a": 1}}, {"a": 1}, "like"),
        ({"$matches": "^b.*e$"}, "blue", ""),
        ({"$matches": "^x"}, "blue", "does not match"),
        ({"a": {"b": 1}}, {"a": 1}, "a is 1, no object"),
        ([1], {"a": 1}, "no list"),
    ],
)
def test_an_answer_is_compared(wanted: Any, found: Any, said: str) -> None:
    problems = differences(wanted, found)

    assert bool(problems) == bool(said)
    assert said in "".join(problems)
