"""What was broken on purpose: real processes, real servers, and one ledger that has to balance after every fault.

The list of faults with the test of each is in docs/operations.md («What was broken on purpose»).
"""
