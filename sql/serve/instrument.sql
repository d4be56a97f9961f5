SELECT instrument_id, name, asset_class, currency, vendor_symbol, tick_size, source, is_synthetic
FROM core.instrument
