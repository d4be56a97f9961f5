-- question: Of how many statements did each author's notes consist, and how many of those that can be checked hold?
SELECT
    author,
    count(*) AS claims,
    count(*) FILTER (verdict = 'reproduced') AS reproduced,
    count(*) FILTER (verdict = 'basis_dependent') AS basis_dependent,
    count(*) FILTER (verdict = 'contradicted') AS contradicted,
    count(*) FILTER (verdict = 'not_computable') AS not_computable,
    round(100 * reproduced / nullif(claims - not_computable, 0), 1) AS reproduced_pct
FROM serve.claim_check
GROUP BY author
ORDER BY author
