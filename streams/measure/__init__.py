"""MEASURE: the Faust agent that folds batches of events into panes, customers, feedback and flags.

    Packed batch -> decode -> fold into the partition's state -> one transaction a group of batches

`fold` is pure, `load` and `commit` are the only SQL, `engine` drives them, `agent` is what Faust runs.
"""
