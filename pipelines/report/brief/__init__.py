"""The market brief: what stands for one index at one close, what changed, and the evidence, as HTML and Markdown.

``fact`` reads it from a published file, ``change`` compares two of them, ``chart`` draws, ``page`` writes, ``issue``
puts it all into a folder with a manifest. The same file, index and sessions give the same bytes.
"""
