"""Each public column described once: its type, its unit and what it means.

A contract picks columns from here, so one quantity has one name and one sentence everywhere.
Call a column to place it in a table: ``close()``, ``session(primary_key=True)``, ``sma_50(nullable=True)``.
"""

from pipelines.contracts.vocabulary.build import *  # noqa: F403
from pipelines.contracts.vocabulary.choices import *  # noqa: F403
from pipelines.contracts.vocabulary.claim import *  # noqa: F403
from pipelines.contracts.vocabulary.constituent import *  # noqa: F403
from pipelines.contracts.vocabulary.ingestion import *  # noqa: F403
from pipelines.contracts.vocabulary.level import *  # noqa: F403
from pipelines.contracts.vocabulary.market import *  # noqa: F403
from pipelines.contracts.vocabulary.performance import *  # noqa: F403
from pipelines.contracts.vocabulary.quality import *  # noqa: F403
from pipelines.contracts.vocabulary.revision import *  # noqa: F403
from pipelines.contracts.vocabulary.trend import *  # noqa: F403
