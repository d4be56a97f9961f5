"""Every quality rule, declared once: its name, how severe it is, what it holds for and what it says.

Belongs here: the list from which columns, the table ``core.quality_rule`` and checks take names and severities. Not
here: how a rule is decided (``transforms``), or its threshold (``parameters``). Rejected rows never reach the store of
bars, quarantined versions are stored and held back, warned ones are used.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["reject", "quarantine", "warn"]
SEVERITIES: tuple[Severity, ...] = ("reject", "quarantine", "warn")
_BARS = ("index", "stock")
_OWN_TABLE = {"missing_session": "core.missing_session", "source_gap": "serve.source_gap"}


class QualityRule(NamedTuple):
    """One rule about what a source handed over."""

    rule: str
    severity: Severity
    applies_to: tuple[str, ...]
    """Asset classes, ``action`` (of a stock) or ``document``."""
    rule_text: str
    """What it says of a row that breaks it, in one sentence."""

    @property
    def found_in(self) -> str:
        """Return the tables that list what breaks it."""
        if self.rule in _OWN_TABLE:
            return _OWN_TABLE[self.rule]
        if self.severity == "warn":
            tables = {"index": "core.bar_warning", "stock": "core.stock_bar_warning"}
            return ", ".join(tables[kind] for kind in self.applies_to)
        if self.severity == "reject":
            return "serve.rejected_row"
        return "core.stock_action" if self.applies_to == ("action",) else "serve.quarantined_bar"


QUALITY_RULES = (
    # A row that breaks several is rejected for the first.
    QualityRule("unparsable", "reject", (*_BARS, "document"), "A price or the date cannot be read."),
    QualityRule("not_a_session", "reject", _BARS, "The exchange had no session on the day."),
    QualityRule("session_not_closed", "reject", _BARS, "The session had not settled when the row was read."),
    QualityRule("non_positive", "reject", _BARS, "A price is zero or below, or the volume below zero."),
    QualityRule("high_below_body", "reject", _BARS, "The high lies below the open or the close."),
    QualityRule("low_above_body", "reject", _BARS, "The low lies above the open or the close."),
    QualityRule("duplicate", "reject", _BARS, "The batch has an earlier good row of the same session."),
    QualityRule("filler_bar", "reject", ("stock",), "Nothing was traded: no volume, and one price throughout."),
    QualityRule("wrong_width", "reject", ("document",), "The row has more or fewer fields than the header."),
    QualityRule("no_filing", "reject", ("document",), "The fact belongs to no filing of its archive."),
    QualityRule(
        "unseen_split",
        "quarantine",
        _BARS,
        "More than half of the history was restated by one ratio, and no action explains it.",
    ),
    QualityRule(
        "partial_split",
        "quarantine",
        _BARS,
        "A stretch of the history was restated by one ratio, and its ends no longer meet their neighbours.",
    ),
    QualityRule(
        "hundredfold",
        "quarantine",
        _BARS,
        "The close is about a hundred times or a hundredth of the last good one, or the high of the low.",
    ),
    QualityRule(
        "impossible_dividend", "quarantine", ("action",), "The dividend is not less than the close it is taken from."
    ),
    QualityRule("split_without_jump", "quarantine", ("action",), "The traded price does not show the split."),
    QualityRule("jump", "warn", ("stock",), "The close moved by more than half without an action."),
    QualityRule(
        "unusual_move", "warn", _BARS, "The close moved by more than eight of its own standard deviations; crashes do."
    ),
    QualityRule("zero_volume", "warn", _BARS, "The volume is 0, of an index since it is quoted all day."),
    QualityRule("stale_close", "warn", _BARS, "The close has been the same for three sessions or more."),
    QualityRule("flat_bar", "warn", ("index",), "Open, high, low and close are equal, since it is quoted all day."),
    QualityRule("source_gap", "warn", ("index",), "The second source's close differs by more than two basis points."),
    QualityRule("missing_session", "warn", ("index",), "The calendar has a session, and there is no accepted bar."),
)


def rules_of(severity: Severity, applies_to: str | None = None) -> tuple[str, ...]:
    """Return the names of the rules of a severity, of one kind of thing or of all, in their order."""
    return tuple(
        rule.rule
        for rule in QUALITY_RULES
        if rule.severity == severity and (applies_to is None or applies_to in rule.applies_to)
    )


BAR_WARNINGS = tuple(rule.rule for rule in QUALITY_RULES if rule.severity == "warn" and rule.rule not in _OWN_TABLE)
"""Rules about a bar that was kept and is odd."""
