"""What a ServiceMonitor is on a cluster: tells a Prometheus of this machine which replicas stand behind which Service.

    python -m examples.article.discovery examples/article/targets.json

Writes the file (Prometheus' file_sd) anew once a second, each replica with the labels `service` and
`rollouts_pod_template_hash`, for as long as it runs.

Between releases both Services show the same revision. It is listed under the active one only: under both, the next
revision's preview would begin with two minutes of somebody else's good numbers, and be promoted on them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bluegreen import Backend, Rollout
from bluegreen.backends import local
from bluegreen.manifests import load_path

MANIFEST = Path(__file__).parent / "as-written"
AGAIN_S = 1.0


async def targets(rollout: Rollout, backend: Backend) -> list[dict[str, Any]]:
    """The replicas that stand behind each Service now."""
    seen = await backend.workloads.observe(rollout)
    addresses = {one.id: list(one.addresses) for one in seen.revisions}
    shown = [await router.observe() for router in backend.routers]
    strategy = rollout.strategy
    pairs = [(strategy.active_service, shown[0].active), (strategy.preview_service, shown[0].preview)]
    if shown[0].preview == shown[0].active:
        pairs.pop()
    return [
        {
            "targets": addresses[revision],
            "labels": {"service": service, "rollouts_pod_template_hash": revision},
        }
        for service, revision in pairs
        if isinstance(revision, str) and addresses.get(revision)
    ]


async def discover(rollout: Rollout, state_dir: Path | str | None, file: Path) -> None:
    """Keeps the file up to date, for good."""
    async with local.connect(rollout, state_dir=state_dir, drive=False) as backend:
        while True:
            found = json.dumps(await targets(rollout, backend))
            new = file.with_suffix(".new")
            new.write_text(found)
            new.replace(file)  # whoever reads it reads the old or the new, never half
            await asyncio.sleep(AGAIN_S)


if __name__ == "__main__":
    asyncio.run(discover(load_path(MANIFEST), None, Path(sys.argv[1])))
