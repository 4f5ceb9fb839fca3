"""tools/setup on a machine where something is missing: one clear line, and nothing half made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A folder with what tools/setup reads, and an environment without our settings of pip."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/setup", tmp_path / "tools")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    return tmp_path, environment | {"PIP_CONFIG_FILE": os.devnull}


def setup(folder, environment, **settings):
    command = [folder / "tools/setup", "book"]
    return subprocess.run(command, env=environment | settings, capture_output=True, text=True)


def test_an_old_python_is_named(checkout):
    folder, environment = checkout
    old = folder / "python3.9"
    old.write_text("#!/bin/sh\n[ $1 = --version ] && echo Python 3.9.1 || exit 1\n")
    old.chmod(0o755)
    result = setup(folder, environment, PYTHON=str(old))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Python 3.9.1; the book needs Python 3.11 or newer" in result.stderr
    assert not (folder / ".venv").exists()


def test_no_package_index(checkout):
    folder, environment = checkout
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    result = setup(folder, environment, PYTHON=sys.executable, **nowhere)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("pip could not reach a package index:")
    assert not list((folder / ".venv").glob("installed-*"))


def test_what_is_installed_is_left_alone(checkout):
    folder, environment = checkout
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    key = subprocess.run(
        "cat pyproject.toml constraints.txt | cksum", cwd=folder, shell=True, capture_output=True
    ).stdout
    (folder / ".venv/installed-book,test").write_bytes(key)
    result = setup(folder, environment)
    assert (result.returncode, result.stderr) == (0, "")
