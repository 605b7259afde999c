"""What `framework_handler` is made of: reading the payloads of frameworks' callbacks, and following the runs of a graph.

Frameworks hand over dicts, dataclasses and classes of their own, of many versions. Nothing here fails on a shape that it does
not know: it reads what it finds.
"""
