"""SecantusDB's daemon, `secantusd`, with a shorter memory of retryable writes.

It remembers the last 10,000 and, once there are as many, sorts them all at every further write:
a long run of tests spends most of its time on that. A driver repeats a write within seconds.
"""

import sys

from secantus import cli, transactions

assert isinstance(transactions._RETRYABLE_RECORD_MAX, int)
transactions._RETRYABLE_RECORD_MAX = 500
sys.exit(cli.main())
