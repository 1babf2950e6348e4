"""The evidence behind docs/answer.md: boards, tables and figures from committed records, and the convex control."""
