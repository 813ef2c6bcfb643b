"""dlt, extracted and normalized to Parquet: dlt_files.py URI TABLE FOLDER BACKEND, with a backend of its sql_database source."""

import sys

import dlt
from dlt.sources.sql_database import sql_table

uri, table, folder, backend = sys.argv[1:]
pipeline = dlt.pipeline(
    pipeline_name=table,
    pipelines_dir=f"{folder}/pipelines",
    destination=dlt.destinations.filesystem(f"file://{folder}/files"),
    dataset_name="bench",
)
more = {"backend_kwargs": {"return_type": "arrow"}} if backend == "connectorx" else {}
pipeline.extract(sql_table(credentials=uri, table=table, schema="public", backend=backend, **more))
pipeline.normalize()
