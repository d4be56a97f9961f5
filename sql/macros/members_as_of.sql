-- answers: The members of an index by weight, as of the newest holdings on or before a date.
-- example: FROM members_as_of('SPX', '2024-12-06')
CREATE MACRO members_as_of(index_name, asked) AS TABLE
SELECT member.*
FROM serve.membership AS member
WHERE member.index_id = index_name
    AND member.as_of = (
        SELECT max(held.as_of)
        FROM core.membership AS held
        WHERE held.index_id = index_name AND held.as_of <= CAST(asked AS DATE)
    )
ORDER BY member.weight_share DESC, member.symbol
