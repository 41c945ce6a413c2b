"""Analyses: templates, arguments and metrics, put together where a Rollout names them.

declared    the documents and blocks, as they are written
args        arguments: what is known when a manifest is loaded, and what only when it is measured
gather      the templates that an analysis names, and those that they name
filling     arguments into metrics, each value once
metric      one metric, its arguments filled in; `provider`: what it asks of whom
extras      what a RolloutPolicy says of metrics
resolve     all of it, to one `spec.Analysis`
odd         what is odd and harmless
"""
