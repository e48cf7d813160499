"""How much may be used: meters that every process shares, and what each process holds of them for a moment.

A meter is a bucket that empties steadily, or a count of a day or a month in Beijing. A process takes from it in small
leases, which end after a second (`desk.LEASE_SECONDS`), so that most calls ask nobody. Slots bound what is open.
"""
