"""What vendors say of securities today, kept under the vendor's own scheme: ``core.company_attribute``.

Belongs here: choosing the newest version. Not here: any translation from one scheme into another.
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core

_KEY = core.CompanyAttribute.primary_key()


def company_attributes(known: pl.DataFrame) -> pl.DataFrame:
    """Return the newest known version of each security's attributes of a date.

    Args:
        known: ``raw.CompanyAttribute`` rows that are known.

    Returns:
        ``core.CompanyAttribute``, key sector_scheme, symbol and as_of.
    """
    newest = known.sort("known_from").group_by(_KEY, maintain_order=True).last()
    return newest.select(core.CompanyAttribute.column_names()).sort(_KEY)
