"""Blue-green releases: a declared rollout, a look at the world, the next safe step."""
