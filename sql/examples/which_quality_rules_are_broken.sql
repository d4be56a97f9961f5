-- question: Which quality rules are there, what becomes of a row that breaks one, and how many do?
SELECT rule.rule, rule.severity, rule.rule_text, coalesce(sum(finding.row_count), 0)::BIGINT AS findings
FROM serve.quality_rule AS rule
LEFT JOIN serve.quality_finding AS finding USING (rule)
GROUP BY ALL
ORDER BY rule.severity, findings DESC, rule.rule
