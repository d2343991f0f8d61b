"""Grafana: five boards built in code, the files that provision them, and the push to a running Grafana."""
