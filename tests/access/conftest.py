"""An rbac server and its tenants for the tests that ask for them."""

from tests.access.scene import people, scene

__all__ = ["people", "scene"]
