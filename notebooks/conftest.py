"""nbval over this folder: a notebook stops at its first failing cell.

Cells after a failed one would fail because of it, and hide which one it was. They are skipped, so
that the report holds one failure for each notebook that fails, and the run is red.
"""

import pytest

_FAILED = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.parent.stash.setdefault(_FAILED, item.name)
    return report


def pytest_runtest_setup(item):
    if _FAILED in item.parent.stash:
        pytest.skip(f"{item.parent.name} stopped at {item.parent.stash[_FAILED]}")
