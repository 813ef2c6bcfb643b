"""DuckDB's PostgreSQL scanner to Parquet: duckdb_scanner.py URI TABLE FOLDER."""

import sys
from pathlib import Path

import duckdb

uri, table, folder = sys.argv[1:]
[extension] = Path(sys.prefix).rglob("postgres_scanner.duckdb_extension")
database = duckdb.connect(config={"allow_unsigned_extensions": "true"})
database.execute(f"LOAD '{extension}'")
database.execute(f"ATTACH '{uri}' AS shop (TYPE postgres, READ_ONLY)")
database.execute(f"COPY shop.{table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
