"""Invisible watermarks: a pointer into the registry of numbers that survives what strips metadata. No proof.

GB 45438-2025 (A.2) permits them and demands none. Nouns: pointer, Watermark, Recovered.
"""
