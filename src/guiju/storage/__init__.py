"""The database, blobs, jobs and migrations under every room: SQLite by default, PostgreSQL when asked, one code path.

Nouns: Database, transaction, Blob, Job.
"""
