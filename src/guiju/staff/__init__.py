"""The people who work in the console: accounts, roles, sessions; who may see what, and who saw it (article 19, 2).

Nouns: StaffMember, StaffAction, Role, Session.
"""
