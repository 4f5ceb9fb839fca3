"""The claims ledger: record a measurement against a claim of the literature.

A claim's statement, published numbers and rule stand in ``data/claims.toml``; the rule, not the
author, gives the verdict. ``record`` shows its result as a notebook output of type
``application/vnd.guidelib.claim+json``, so the committed notebooks are the ledger, and the page of
claims is generated from them.
"""

from __future__ import annotations

import difflib
import math
import sys
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path

from guidelib.files import shipped

MIME = "application/vnd.guidelib.claim+json"
# the parameters that each kind of rule has
RULES = {"below": {"bound"}, "above": {"bound"}, "near": {"target", "tolerance"}}


@dataclass(frozen=True)
class Record:
    """One measurement of one claim. ``claim`` is the identifier in ``data/claims.toml``."""

    claim: str
    value: float
    se: float
    n: int | None
    verdict: str
    details: dict = field(default_factory=dict)

    def __str__(self) -> str:
        error = f" ± {self.se:.2g}" if self.se else ""
        count = f" (n = {self.n})" if self.n is not None else ""
        more = "".join(f", {key} = {value}" for key, value in self.details.items())
        return f"Claim {self.claim}: {self.value:.4g}{error}{count}{more}: {self.verdict}"

    def _ipython_display_(self) -> None:
        """Nothing: `record` has shown it, also where the call is the last line of a cell."""


def load_claims(path: Path | None = None) -> dict[str, dict]:
    """All claims by identifier; raises ValueError on a claim without a usable rule."""
    path = path or shipped("claims.toml")
    claims = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, claim in claims.items():
        missing = {"source", "statement", "published", "measure", "rule"} - claim.keys()
        if missing:
            raise ValueError(f"{path.name}: claim {name} lacks {', '.join(sorted(missing))}")
        rule = claim["rule"]
        kind = rule.get("kind")
        if kind not in RULES or rule.keys() != {"kind"} | RULES[kind]:
            raise ValueError(
                f"{path.name}: claim {name} has the rule {rule}; allowed are "
                + ", ".join(f"{k} with {' and '.join(sorted(v))}" for k, v in RULES.items())
            )
    return claims


def verdict(rule: dict, value: float, se: float = 0.0) -> str:
    """'confirmed', 'refuted' or 'unresolved': the rule must hold, or fail, by two standard errors.

    >>> verdict({"kind": "below", "bound": 1e-9}, 3e-16)
    'confirmed'
    """
    if rule["kind"] == "below":
        margin = rule["bound"] - value
    elif rule["kind"] == "above":
        margin = value - rule["bound"]
    else:
        margin = rule["tolerance"] - abs(value - rule["target"])
    if margin > 2 * se:
        return "confirmed"
    return "refuted" if margin < -2 * se else "unresolved"


def record(claim_id: str, value: float, se: float = 0.0, n: int | None = None, **details) -> Record:
    """Show and return the measurement ``value`` (± ``se``, from ``n`` samples) of a claim.

    ``details`` are further numbers or short strings worth keeping with it. Raises KeyError for an
    unknown claim, ValueError for a value that is not finite or a negative standard error.
    """
    claims = load_claims()
    if claim_id not in claims:
        near = difflib.get_close_matches(str(claim_id), claims, n=3, cutoff=0.3) or list(claims)
        raise KeyError(
            f"no claim {claim_id!r} in data/claims.toml; nearest: {', '.join(near)}. "
            "Name one of these, or add the claim there"
        )
    value, se = float(value), float(se)
    if not math.isfinite(value) or not (math.isfinite(se) and se >= 0):
        raise ValueError(
            f"claim {claim_id}: value={value}, se={se}; both must be finite and se not negative"
        )
    if n is not None and (int(n) != n or n < 1):
        raise ValueError(f"claim {claim_id}: n={n}; must be a whole number of samples, at least 1")
    entry = Record(
        claim_id,
        value=float(f"{value:.6g}"),
        se=float(f"{se:.3g}"),
        n=None if n is None else int(n),
        verdict=verdict(claims[claim_id]["rule"], value, se),
        details={key: _plain(item) for key, item in details.items()},
    )
    _show(entry)
    return entry


def _plain(item):
    """A detail as JSON holds it: numbers (arrays of one element too) to six digits, or text."""
    if isinstance(item, bool | int | str):
        return item
    return float(f"{float(item):.6g}")


def _show(entry: Record) -> None:
    # IPython is there when a kernel runs us; importing it ourselves would slow every script
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        bundle = {MIME: asdict(entry), "text/plain": str(entry)}
        ipython.display.display(bundle, raw=True)
    else:
        print(entry)
