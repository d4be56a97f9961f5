"""Layer serve: the public contract, what people and BI tools query. One SELECT in ``sql/serve`` fills each.

A table that shows a core table as it is, or with columns beside it, inherits that table's declaration.
"""

from pipelines.contracts.serve.claim import *  # noqa: F403
from pipelines.contracts.serve.constituent import *  # noqa: F403
from pipelines.contracts.serve.health import *  # noqa: F403
from pipelines.contracts.serve.level import *  # noqa: F403
from pipelines.contracts.serve.market import *  # noqa: F403
from pipelines.contracts.serve.revision import *  # noqa: F403
from pipelines.contracts.table import tables_in

TABLES = tables_in(dict(globals()), __name__)
