"""Every test here has a world of its own."""

from tests.contract.documented import fuzzed_url, openapi
from tests.contract.reports import report
from tests.contract.world import world

__all__ = ["fuzzed_url", "openapi", "report", "world"]
