"""The stage page: a running graph seen, steered and recorded in a browser.

It stands at the edge: nothing of the engine imports it, and it is imported when `--web`,
`studio` or `demo` ask for it.
"""
