"""The demo's data: a real grocer's year (The Complete Journey) and a seeded synthetic overlay.

Everything under ``shop`` and ``crm`` that describes what people bought, redeemed or were sent is
real; every identity, and every source whose name begins with ``synthetic_``, is made up from a seed.
"""
