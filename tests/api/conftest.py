"""Every test here has a world of its own."""

from tests.contract.world import world

__all__ = ["world"]
