"""REST of the classifier: dry run, proposals, triage, alerts, rules, statistics."""
