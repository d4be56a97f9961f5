"""One page of Streamlit on the published file: where the indices stand, and one of them with its averages.

``streamlit run bi/streamlit/app.py --server.address 127.0.0.1 -- warehouse/sample/market.duckdb``.
Each run of the page connects anew and closes: so it sees a new warehouse as soon as there is one.
"""

import sys

import duckdb
import streamlit

OVERVIEW = """
SELECT instrument_id, session, close, mtd_return_pct, ytd_return_pct, drawdown_pct, statement, is_synthetic
FROM serve.index_overview
WHERE session = (SELECT max(session) FROM serve.index_overview)
ORDER BY instrument_id
"""
PRICE = "SELECT session, close, sma_50, sma_200 FROM serve.index_overview WHERE instrument_id = ? ORDER BY session"

with duckdb.connect(sys.argv[1], read_only=True) as connection:
    overview = connection.execute(OVERVIEW).df()
    streamlit.title("Where the indices stand")
    if overview["is_synthetic"].any():
        streamlit.warning("SYNTHETIC SAMPLE, not market data.")
    streamlit.dataframe(overview, hide_index=True)
    chosen = streamlit.selectbox("Index", list(overview["instrument_id"]))
    streamlit.line_chart(connection.execute(PRICE, [chosen]).df(), x="session")
