"""Tools for people who write rollout policies and adapters, and who want to know before a release does."""
