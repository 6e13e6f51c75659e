"""The same work in rt_engine and in its peers, one process each.

`python -m _peers.NAME '{"scenario": "chain", ...}'` does a task (`work.Task`) and prints what it
measured as one line of JSON. The modules are named after the packages they drive.
"""
