"""Incidents, cases and their delivery: what people act on."""
