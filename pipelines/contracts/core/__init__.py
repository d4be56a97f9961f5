"""Layer core: typed, keyed, checked; every number and state is derived here, once. One module a subject."""

from pipelines.contracts.core.constituent import *  # noqa: F403
from pipelines.contracts.core.level import *  # noqa: F403
from pipelines.contracts.core.market import *  # noqa: F403
from pipelines.contracts.core.performance import *  # noqa: F403
from pipelines.contracts.core.stock import *  # noqa: F403
from pipelines.contracts.core.trend import *  # noqa: F403
from pipelines.contracts.table import tables_in

TABLES = tables_in(dict(globals()), __name__)
