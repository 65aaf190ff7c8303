"""Readers of tables: line-aligned text files, delimited text, workbooks, JSON lists; and of crystal structures."""
