"""The database, the blobs, the jobs and the migrations under every room: SQLite by default, PostgreSQL when asked, one code path.

Nouns: Database, transaction, Blob, Job.
"""
