"""The plan: what is missing is made from the root, what is too much goes from the leaves, and agreement is silence (4.1)."""

from hypothesis import given
from hypothesis import strategies as st

from kube_sync.model.plan import Action, Address, Create, Delete, Found, Interface, Machine, plan


def wanted(interfaces: int = 2) -> Machine:
    made = []
    for at in range(interfaces):
        address = Address(f"address-{at}", f"web__{at}", f"interface-{at}", f"network-{at}")
        made.append(Interface(f"interface-{at}", ("d", "p", f"web__{at}"), f"network-{at}", addresses=(address,)))
    return Machine("machine", ("k8s__default__web",), interfaces=tuple(made))


def uuid_of(action: Action) -> str:
    return action.uuid if isinstance(action, Delete) else action.what.uuid


def carried_out(actions: list[Action], found: Found) -> Found:
    """What is there afterwards, if every action may only rest on what is there at its turn."""
    machine, interfaces, addresses = found.machine, list(found.interfaces), list(found.addresses)
    for action in actions:
        match action:
            case Create(Machine() as made):
                assert machine is None
                machine = made.uuid
            case Create(Interface() as made):
                assert machine == "machine"
                interfaces.append(made.uuid)
            case Create(Address() as made):
                assert made.interface in interfaces
                addresses.append(made.uuid)
            case Delete("instance-ip", uuid):
                addresses.remove(uuid)
            case Delete("virtual-machine-interface", uuid):
                interfaces.remove(uuid)
            case Delete(_, uuid):
                assert not interfaces
                machine = None
    return Found(machine, tuple(sorted(interfaces)), tuple(sorted(addresses)))


def test_a_new_pod_gets_its_machine_then_interfaces_in_order_then_addresses() -> None:
    assert [uuid_of(action) for action in plan(wanted(), Found())] == [
        "machine",
        "interface-0",
        "interface-1",
        "address-0",
        "address-1",
    ]


def test_a_pod_that_went_loses_everything_leaves_first() -> None:
    found = Found("machine", ("interface-0", "interface-1"), ("address-0", "address-1"))

    assert [uuid_of(action) for action in plan(None, found)] == ["address-0", "address-1", "interface-1", "interface-0", "machine"]


def test_what_is_not_wanted_goes_before_what_is_missing_comes() -> None:
    found = Found("machine", ("interface-0", "stray"), ("address-0", "stray-address"))

    assert [uuid_of(action) for action in plan(wanted(), found)] == ["stray-address", "stray", "interface-1", "address-1"]


parts = st.sets(st.sampled_from(["interface-0", "interface-1", "interface-2", "stray"]))
leaves = st.sets(st.sampled_from(["address-0", "address-1", "address-2", "stray-address"]))


@given(interfaces=parts, addresses=leaves, count=st.integers(1, 3))
def test_any_partial_tree_is_completed_and_then_there_is_nothing_to_do(interfaces: set[str], addresses: set[str], count: int) -> None:
    target = wanted(count)
    found = Found("machine", tuple(interfaces), tuple(addresses))

    after = carried_out(plan(target, found), found)

    assert after.interfaces == tuple(f"interface-{at}" for at in range(count))
    assert after.addresses == tuple(f"address-{at}" for at in range(count))
    assert plan(target, after) == []
