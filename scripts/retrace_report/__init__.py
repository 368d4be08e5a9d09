"""Reports from Retrace result files (HDF5, schema 1.x): one self-contained HTML page, Markdown, CSV and SVG."""
