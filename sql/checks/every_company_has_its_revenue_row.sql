-- claim: Every member company has one row of revenue at each date of holdings, given or with a reason.
-- table: serve.company_revenue
-- severity: error
SELECT member.as_of, member.company_id
FROM (SELECT DISTINCT as_of, company_id FROM serve.membership) AS member
FULL JOIN serve.company_revenue AS company USING (as_of, company_id)
WHERE company.method IS NULL OR member.company_id IS NULL
