"""Results of a search as a file: a job that writes CSV, JSON lines, Parquet or a ZIP of CIF with a manifest."""
