"""connectorx to Parquet through Arrow: connectorx_parquet.py URI TABLE FOLDER."""

import sys

import connectorx
import pyarrow.parquet

uri, table, folder = sys.argv[1:]
rows = connectorx.read_sql(uri, f"SELECT * FROM {table}", return_type="arrow")
pyarrow.parquet.write_table(rows, f"{folder}/{table}.parquet")
