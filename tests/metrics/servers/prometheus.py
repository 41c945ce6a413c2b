"""Debian's Prometheus and VictoriaMetrics, which scrape a service twice a second."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.metrics.servers.running import Server, free_port, needed

SCRAPE = """\
global:
  scrape_interval: 500ms
scrape_configs:
- job_name: shop
  static_configs:
  - targets: ['{target}']
"""


@asynccontextmanager
async def prometheus(folder: Path, config: str) -> AsyncGenerator[str]:
    """The URL of a Prometheus with this configuration, whose data are in the folder."""
    async with _prometheus(folder, config) as (address, _):
        yield f"http://{address}"


@asynccontextmanager
async def prometheus_server(
    folder: Path, target: str, *, web_config: str = "", ready: str = "http://"
) -> AsyncGenerator[tuple[str, Server]]:
    """`host:port` of a Prometheus that scrapes `target`, and the server itself.

    `web_config` is a file that asks for TLS or for credentials; `ready` is then the beginning of a URL that passes.
    """
    async with _prometheus(folder, SCRAPE.format(target=target), web_config, ready) as found:
        yield found


@asynccontextmanager
async def _prometheus(
    folder: Path, config: str, web_config: str = "", ready: str = "http://"
) -> AsyncGenerator[tuple[str, Server]]:
    program, port = needed("prometheus", "prometheus"), free_port()
    folder.mkdir(exist_ok=True)
    file = folder / "prometheus.yml"
    file.write_text(config)
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *([f"--web.config.file={web_config}"] if web_config else []),
    ]
    async with Server(command, f"{ready}127.0.0.1:{port}/-/ready", folder) as server:
        yield f"127.0.0.1:{port}", server


@asynccontextmanager
async def victoria_metrics(folder: Path, target: str) -> AsyncGenerator[tuple[str, Server]]:
    """`host:port` of a VictoriaMetrics that scrapes `target`, and the server itself."""
    program, port = needed("victoria-metrics", "victoria-metrics"), free_port()
    config = folder / "scrape.yml"
    config.write_text(SCRAPE.format(target=target))
    command = [
        program,
        f"-promscrape.config={config}",
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-search.latencyOffset=0s",
        "-search.disableCache",
        "-memory.allowedBytes=64MB",
        "-loggerLevel=WARN",
    ]
    async with Server(command, f"http://127.0.0.1:{port}/health", folder) as server:
        yield f"127.0.0.1:{port}", server
