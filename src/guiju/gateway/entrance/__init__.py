"""Who may come in, and how much: end users, their declared identity, limits, sanctions (articles 9, 13 and 14).

A call that has a valid key comes here before anything else is done for it. Nouns: the Asking (what is asked, by whom),
Admitted (the ticket an exchange holds while it runs), Refused (a call of a known app that was not let in).
"""
