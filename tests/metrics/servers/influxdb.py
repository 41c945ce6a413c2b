"""Debian's InfluxDB, which asks for a user and a password."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession

from tests.metrics.servers.running import Server, free_port, needed

USER, PASSWORD = "reader", "s3cret-of-influx"
CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
  ping-auth-enabled = false
  log-enabled = false
  max-row-limit = 20
"""


@asynccontextmanager
async def influxdb(folder: Path, lines: str) -> AsyncGenerator[tuple[str, Server]]:
    """`host:port` of an InfluxDB whose database `shop` holds these lines (of its line protocol), and the server."""
    program, port = needed("influxd", "influxdb"), free_port()
    config = folder / "influxdb.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, rpc=free_port()))
    address = f"127.0.0.1:{port}"
    async with Server([program, "-config", str(config)], f"http://{address}/ping", folder) as server:
        async with ClientSession(f"http://{address}", raise_for_status=True) as session:
            admin = {"u": USER, "p": PASSWORD}
            create = f"CREATE USER {USER} WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES"
            await (await session.post("/query", params={"q": create})).read()
            await (await session.post("/query", params={"q": "CREATE DATABASE shop", **admin})).read()
            await (await session.post("/write", params={"db": "shop", **admin}, data=lines)).read()
        yield address, server
