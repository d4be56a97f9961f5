SELECT * FROM core.company_attribute
