"""Debian's Graphite: carbon takes the values in, graphite-web answers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.metrics.servers.running import Server, eventually, free_port, needed

PYTHON = "/usr/bin/python3"
"""Debian's own, which has graphite-web."""
SERVE = Path(__file__).with_name("graphite_web.py")
CARBON = """\
[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper/
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {cache}
MAX_CREATES_PER_MINUTE = inf
ENABLE_LOGROTATION = False
CARBON_METRIC_INTERVAL = 0
"""
SETTINGS = """\
SECRET_KEY = "of the tests"
TIME_ZONE = "UTC"
STORAGE_DIR = WHISPER_DIR = {whisper}
STANDARD_DIRS = [{whisper}]
LOG_DIR = {folder}
INDEX_FILE = {folder} + "/index"
CARBONLINK_HOSTS = ["127.0.0.1:{cache}"]
DATABASES = {{"default": {{"NAME": ":memory:", "ENGINE": "django.db.backends.sqlite3"}}}}
"""


@asynccontextmanager
async def graphite(folder: Path, values: dict[str, list[float]]) -> AsyncGenerator[tuple[str, Server]]:
    """`host:port` of a graphite-web that knows these series, one value a second up to now, and the server itself."""
    carbon = needed("carbon-cache", "graphite-carbon")
    if subprocess.run([PYTHON, "-c", "import graphite"], capture_output=True, check=False).returncode:
        pytest.skip("there is no graphite-web: on Debian type apt-get install graphite-web, or run .ci/debian as root")
    (folder / "whisper").mkdir()
    ports = {name: free_port() for name in ("line", "pickle", "cache")}
    config, port = folder / "carbon.conf", free_port()
    config.write_text(CARBON.format(folder=folder, **ports))
    (folder / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 1s:1h\n")
    whisper = json.dumps(str(folder / "whisper"))
    settings = SETTINGS.format(folder=json.dumps(str(folder)), whisper=whisper, **ports)
    (folder / "chosen_settings.py").write_text(settings)
    env = {**os.environ, "PYTHONPATH": str(folder)}
    address = f"127.0.0.1:{port}"
    ready = f"http://{address}/render?target=shop.*&format=json"
    web = Server([PYTHON, str(SERVE), str(port)], ready, folder, env=env)
    cache = [carbon, f"--config={config}", "--nodaemon", f"--logdir={folder}", "start"]
    # Carbon speaks no HTTP: that it is ready shows in what graphite-web answers.
    async with web, Server(cache, ready, folder):
        await _send(ports["line"], values)
        async with ClientSession() as session:
            await eventually(lambda: _has(session, ready, len(values)))
        yield address, web


async def _send(port: int, values: dict[str, list[float]]) -> None:
    """One value a second, the last of them as of now."""
    writer = await _connected(port)
    now = int(time.time())
    for name, series in values.items():
        for age, value in enumerate(reversed(series)):
            writer.write(f"{name} {value} {now - age}\n".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _has(session: ClientSession, url: str, number: int) -> bool:
    async with session.get(url) as answer:
        return len(await answer.json(content_type=None)) == number


async def _connected(port: int) -> asyncio.StreamWriter:
    async with asyncio.timeout(15):
        while True:
            try:
                return (await asyncio.open_connection("127.0.0.1", port))[1]
            except OSError:
                await asyncio.sleep(0.1)
