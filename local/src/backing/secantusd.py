"""SecantusDB's daemon, `secantusd`, with two of its limits set lower.

It remembers the last 10,000 retryable writes and, once there are as many, sorts them all at every
further write: a long run of tests spends most of its time on that. A driver repeats a write within
seconds.

A transaction whose client died keeps its documents from others until the server ends it: after a
minute, as with MongoDB. Here it is ten seconds, so that a test which waits for that waits no longer.
"""

import sys

from secantus import cli, transactions

assert isinstance(transactions._RETRYABLE_RECORD_MAX, int)
transactions._RETRYABLE_RECORD_MAX = 500


class Registry(transactions.TransactionRegistry):
    def __init__(self, *, lifetime_seconds, **functions):
        super().__init__(lifetime_seconds=min(lifetime_seconds, 10.0), **functions)


from secantus import server

assert server.TransactionRegistry is transactions.TransactionRegistry
server.TransactionRegistry = Registry
sys.exit(cli.main())
