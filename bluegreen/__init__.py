"""A blue-green rollout engine: declare a rollout, and each step of it is safe."""
