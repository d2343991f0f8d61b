"""Prometheus' rules, generated from the settings: scores and intervals, burn rates, and what wakes somebody."""
