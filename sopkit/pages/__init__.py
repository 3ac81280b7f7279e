"""The sections of the pages, one module a step: plan tables in, a table or chart out, the same for
notebook and board. ``sopkit.panels.sections`` lists which of them stand on the board.

A section takes its tables, then the ``View`` (``View(book)``); ``answer`` opens the step's page
with one sentence computed from the tables and three to five numbers against last cycle and target.
"""
