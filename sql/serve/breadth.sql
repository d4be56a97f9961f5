SELECT breadth.*, (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic
FROM core.breadth AS breadth
