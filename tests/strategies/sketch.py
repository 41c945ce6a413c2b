"""The rule that the design was begun with, as it stands there, and a policy that keeps it."""

from __future__ import annotations

from typing import Final

POLICY: Final = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "shop:v1"}]}
  strategy:
    blueGreen:
      activeService: shop
      scaleDownDelaySeconds: 900
      # Longer than anything takes to go wrong that shows before the promotion.
      prePromotionAnalysis:
        templates: [{templateName: errors}]
        args: [{name: count, value: "35"}]
      postPromotionAnalysis:
        templates: [{templateName: errors}]
        args: [{name: count, value: "45"}]
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  args: [{name: count}]
  metrics:
  - name: errors
    interval: 2s
    count: "{{args.count}}"
    successCondition: result[0] < 0.05
    provider:
      prometheus:
        address: http://prometheus:9090
        query: sum(rate(errors_total{app="shop"}[1m])) / sum(rate(requests_total{app="shop"}[1m]))
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
"""

IMPORTS: Final = """\
from datetime import timedelta

from bluegreen import load
from bluegreen.testing import invariants
from bluegreen.testing.simulator import Faults, World, simulate
from bluegreen.testing.strategies import fault_plans, worlds
from hypothesis import given
"""
RULE: Final = """\
SHOP = load("rollouts/shop.yaml")

@given(worlds(SHOP), fault_plans(crashes=2, outsiders=1))
def test_a_bad_build_is_live_two_minutes_at_most(world: World, faults: Faults) -> None:
    trace = simulate(SHOP, world, faults)  # sync; its own virtual-time loop
    invariants.check(trace)
    assert trace.live(world.bad) <= timedelta(minutes=2), trace
"""
