"""SecantusDB's daemon, `secantusd`, with less to do beside what it is asked.

It remembers the last 10,000 retryable writes and, once there are as many, sorts them all at every
further write: a long run of tests spends most of its time on that. A driver repeats a write within
seconds.

A transaction whose client died keeps its documents from others until the server ends it: after a
minute, as with MongoDB. Here it is ten seconds, so that a test which waits for that waits no longer.

With every command it looks at all transactions and all sessions there ever were, for those whose
time is up, and whether commands are profiled, which nobody asks for. Among tests it looks each
minute through all collections of all databases, hundreds of each, for what is past its time: there
nothing is, for their clock is years ahead. Here it does the first once a second, and the others not
at all.
"""

import sys

from secantus import cli, sessions, storage, transactions

assert isinstance(transactions._RETRYABLE_RECORD_MAX, int)
transactions._RETRYABLE_RECORD_MAX = 500


def each_second(prune):
    def pruned(self):
        now = self._time()
        if now < getattr(self, "_pruned_again_at", now):
            return 0
        self._pruned_again_at = now + 1.0
        return prune(self)

    return pruned


class Registry(transactions.TransactionRegistry):
    def __init__(self, *, lifetime_seconds, **functions):
        super().__init__(lifetime_seconds=min(lifetime_seconds, 10.0), **functions)

    _prune_locked = each_second(transactions.TransactionRegistry._prune_locked)


registry = sessions.SessionRegistry
registry._prune_locked = each_second(registry._prune_locked)
assert storage.Storage.get_profile
storage.Storage.get_profile = lambda self, db: {"level": 0, "slowms": 100, "sampleRate": 1.0}
if "--enable-test-commands" in sys.argv:
    assert storage.Storage.prune_ttl_all_collections
    storage.Storage.prune_ttl_all_collections = lambda self, *, now=None: 0

from secantus import server

assert server.TransactionRegistry is transactions.TransactionRegistry
server.TransactionRegistry = Registry
sys.exit(cli.main())
