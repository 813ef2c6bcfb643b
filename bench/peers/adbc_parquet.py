"""ADBC's PostgreSQL driver to Parquet, batch by batch: adbc_parquet.py URI TABLE FOLDER."""

import sys

import adbc_driver_postgresql.dbapi
import pyarrow.parquet

uri, table, folder = sys.argv[1:]
with adbc_driver_postgresql.dbapi.connect(uri) as connection, connection.cursor() as cursor:
    cursor.execute(f"SELECT * FROM {table}")
    batches = cursor.fetch_record_batch()
    with pyarrow.parquet.ParquetWriter(f"{folder}/{table}.parquet", batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
