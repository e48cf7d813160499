"""The people who work in the console: accounts, roles, sessions (article 19 paragraph 2: who may see what, and who saw it).

Nouns: StaffMember, Role, Permission, Session.
"""
