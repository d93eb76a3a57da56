"""What a port is bound to: a map of keys such as host_id, vnic_type and vif_type (contract 3.4 virtual-machine-interface)."""

from api_server.model.resource import Resource

BINDINGS = "virtual_machine_interface_bindings"
DEFAULTS = {"vnic_type": "normal", "vif_type": "vrouter"}


def bindings_of(one: Resource) -> dict[str, str]:
    """The bindings by their keys."""
    pairs = (one.properties.get(BINDINGS) or {}).get("key_value_pair") or []
    return {pair["key"]: pair.get("value") or "" for pair in pairs if pair.get("key")}


def complete_bindings(new: Resource) -> None:
    """Where there are any, add the defaults that are missing."""
    given = bindings_of(new)
    if given:
        missing = [{"key": key, "value": value} for key, value in DEFAULTS.items() if key not in given]
        pairs = [*new.properties[BINDINGS]["key_value_pair"], *missing]
        new.properties[BINDINGS] = {**new.properties[BINDINGS], "key_value_pair": sorted(pairs, key=lambda pair: str(pair.get("key")))}
