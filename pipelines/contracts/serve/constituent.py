"""Members, sector weights, revenue shares and breadth as they are served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v


class Membership(core.Membership):
    """Members of each index as of the date of its fund's holdings, with recomputed weights, sectors and companies."""

    is_synthetic = v.is_synthetic()


class ExcludedHolding(core.ExcludedHolding):
    """Lines of holdings files that are no members, and why: cash, futures, rights, unlisted stock."""


class SectorWeight(core.SectorWeight):
    """Weight and rank of each sector in an index as of the date of holdings, and the change since the date before."""

    known_from = v.known_from()
    is_synthetic = v.is_synthetic()


class RevenueExposure(core.RevenueExposure):
    """How much of its revenue an index or sector earns at home, added up in three ways, with its coverage."""

    known_from = v.known_from()
    is_synthetic = v.is_synthetic()


class CompanyRevenue(core.CompanyRevenue):
    """What each member company's last annual report says of home and foreign revenue, as of a holdings date."""

    is_synthetic = v.is_synthetic()


class Breadth(core.Breadth):
    """How many members take part: averages, advances, highs and lows, returns, by index and sector."""

    is_synthetic = v.is_synthetic()


class CompanyAttribute(core.CompanyAttribute):
    """Sector, industry and size of a security in the words of a vendor's own scheme; never mapped to GICS."""
