"""How well detection works, measured: the synthetic table, the promise on simulated years, cost, a month backtested."""
