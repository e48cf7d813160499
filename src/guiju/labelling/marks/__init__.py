"""The marks that people see and hear (GB 45438-2025, clause 5): drawn, played and written into content.

Serves `cn/genai-measures-2023/art-12`. A mark changes what is seen or heard, so it comes before the implicit label;
each is read back from the file that was written, and one that did not hold is an error.
"""
