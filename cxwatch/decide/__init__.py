"""DECIDE: the one writer about people. It closes minutes, steps detectors and opens incidents and cases.

One transaction a round, guarded by a lease: cursors, detector states, incidents, cases and outbox move together or
not at all.
"""
