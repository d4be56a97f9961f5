"""Layer core: typed, keyed, checked; every number and state is derived here, once. One module a subject."""

from pipelines.contracts.core.claim import *  # noqa: F403
from pipelines.contracts.core.constituent import *  # noqa: F403
from pipelines.contracts.core.level import *  # noqa: F403
from pipelines.contracts.core.market import *  # noqa: F403
from pipelines.contracts.core.performance import *  # noqa: F403
from pipelines.contracts.core.quality import *  # noqa: F403
from pipelines.contracts.core.revision import *  # noqa: F403
from pipelines.contracts.core.stock import *  # noqa: F403
from pipelines.contracts.core.stock_trend import *  # noqa: F403
from pipelines.contracts.core.trend import *  # noqa: F403
from pipelines.contracts.table import tables_in

BUCKETED = (StockBar, StockMovingAverage, StockTrendState)  # noqa: F405
"""Tables that grow by the day, bucket by bucket, and are too long to be looked at as a whole."""
IN_THE_LAKE_ONLY = (StockMovingAverage, StockTrendState)  # noqa: F405
"""Tables that are published as the served table they make together, and not once more by themselves."""
TABLES = tables_in(dict(globals()), __name__)
