"""sling to a file of CSV, gzip: sling_files.py URI TABLE FOLDER. The program that the package brings; the launcher beside it would download one."""

import os
import sys
from pathlib import Path

uri, table, folder = sys.argv[1:]
[program] = Path(sys.prefix).rglob("sling_linux_amd64/bin/sling-linux-amd64")
program.chmod(0o755)
source = ["--src-conn", f"{uri}?sslmode=disable", "--src-stream", f"public.{table}"]
os.execv(program, [program, "run", *source, "--tgt-object", f"file://{folder}/{table}.csv.gz"])
