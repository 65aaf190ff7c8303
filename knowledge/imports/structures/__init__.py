"""Crystal structures read by pymatgen and spglib in processes of their own: a broken file cannot harm the importer."""

from knowledge.imports.structures.pool import structures_read

__all__ = ["structures_read"]
