"""Every test here has a world of its own; what schemathesis counted is printed at the end."""

from tests.contract.documented import fuzzed_url, openapi
from tests.contract.reports import pytest_terminal_summary, report
from tests.contract.world import world

__all__ = ["fuzzed_url", "openapi", "pytest_terminal_summary", "report", "world"]
