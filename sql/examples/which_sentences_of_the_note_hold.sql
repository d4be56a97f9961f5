-- question: Which sentences of the market note of 2 December 2024 hold?
SELECT claim_number AS number, text, verdict, stated, computed, reason
FROM claims_of('oanda-2024-12-02')
