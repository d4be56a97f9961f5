-- description: Which build of the warehouse this is, one row.
-- table: serve.warehouse_build
SELECT DISTINCT source, is_synthetic, last_session, generation, built_at, parameter_set_id, code_version
FROM serve.warehouse_build
