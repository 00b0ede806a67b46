"""PostgreSQL and Valkey out of wheels, for a machine that has no servers.

Needs nothing of Django. The sharp edges (root, sockets, orphans, stale pids) are explained where they are handled.
"""
