"""Tools for people who write rollout policies and adapters, and who want to know before a release does.

    trace = simulate(rollout, World.of(rollout, Build("v2", live_metrics=step(120))))
    invariants.check(trace)
    assert trace.live(world.bad) <= timedelta(minutes=2), trace

`simulate` plays a release in virtual time, `invariants` holds what happened to the eight rules, `strategies` draws
rollouts, worlds and faults for Hypothesis, `conformance` holds adapters to what the ports promise.
"""
