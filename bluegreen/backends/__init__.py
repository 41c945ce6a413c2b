"""Adapters: each knows the ports and the core's data, and none knows another."""
