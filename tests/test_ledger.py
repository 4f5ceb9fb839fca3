"""The ledger: verdicts by rule, bad input, and the wheel that carries the claims."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from guidelib import ledger

BELOW = {"kind": "below", "bound": 1.0}
ABOVE = {"kind": "above", "bound": 1.0}
DATA = ("data/claims.toml", "data/manifest.json")
NEAR = {"kind": "near", "target": 2.0, "tolerance": 0.5}


@pytest.mark.parametrize(
    ("rule", "value", "se", "expected"),
    [
        (BELOW, 0.7, 0.1, "confirmed"),
        (BELOW, 0.9, 0.1, "unresolved"),
        (BELOW, 1.1, 0.1, "unresolved"),
        (BELOW, 1.3, 0.1, "refuted"),
        (ABOVE, 1.3, 0.1, "confirmed"),
        (ABOVE, 1.1, 0.1, "unresolved"),
        (ABOVE, 0.7, 0.1, "refuted"),
        (NEAR, 2.2, 0.1, "confirmed"),
        (NEAR, 1.8, 0.1, "confirmed"),
        (NEAR, 2.4, 0.1, "unresolved"),
        (NEAR, 1.2, 0.1, "refuted"),
        (BELOW, 1.0, 0.0, "unresolved"),
    ],
)
def test_the_rule_gives_the_verdict(rule, value, se, expected):
    assert ledger.verdict(rule, value, se) == expected


def test_record_keeps_what_was_measured(capsys):
    entry = ledger.record("B4", value=3.4e-16, n=100, guidance_scale=3)
    assert (entry.claim, entry.verdict, entry.n) == ("B4", "confirmed", 100)
    assert entry.details == {"guidance_scale": 3}
    assert capsys.readouterr().out == (
        "Claim B4: 3.4e-16 (n = 100), guidance_scale = 3: confirmed\n"
    )
    assert ledger.record("B4", value=1e-3).verdict == "refuted"


def test_unknown_claim_names_the_nearest():
    with pytest.raises(KeyError, match=r"no claim 'F71'.*nearest: F7,"):
        ledger.record("F71", value=0.0)


@pytest.mark.parametrize(
    "bad", [{"value": float("nan")}, {"value": 1.0, "se": -1.0}, {"value": 1.0, "n": 0}]
)
def test_bad_measurement(bad):
    with pytest.raises(ValueError, match="claim B4"):
        ledger.record("B4", **bad)


def test_a_rule_must_be_usable(tmp_path):
    claims = Path(ledger.shipped('claims.toml')).read_text().replace('kind = "above"', 'kind = "bigger"')
    path = tmp_path / "claims.toml"
    path.write_text(claims)
    with pytest.raises(ValueError, match="claim B1 has the rule .*allowed are below with bound"):
        ledger.load_claims(path)


def test_the_ledger_imports_nothing_heavy():
    code = "import sys, guidelib.ledger; print({'torch', 'numpy', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_wheel_carries_the_claims(tmp_path):
    """Away from the checkout, as in Colab, the installed package finds its claims."""
    root = Path(__file__).resolve().parents[1]
    build = "from setuptools import build_meta; print(build_meta.build_wheel({!r}))"
    copy = tmp_path / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "LICENSE-TEXT"):
        (copy / name).write_bytes((root / name).read_bytes())
    for name in ("guidelib/__init__.py", "guidelib/files.py", "guidelib/ledger.py", *DATA):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_bytes((root / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", build.format(str(tmp_path))],
        cwd=copy, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wheel = tmp_path / done.stdout.splitlines()[-1]
    code = (
        f"import sys, zipfile; zipfile.ZipFile({str(wheel)!r}).extractall('there')\n"
        "sys.path.insert(0, 'there')\n"
        "import json; from guidelib import ledger\n"
        "print(json.dumps([str(ledger.shipped('claims.toml')), sorted(ledger.load_claims())]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    path, claims = json.loads(done.stdout)
    assert Path(path) == (tmp_path / "there/guidelib/claims.toml").resolve()
    assert claims == sorted(ledger.load_claims())
