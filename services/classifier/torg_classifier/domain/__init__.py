"""The pure rules of classification and triage: no database, no framework, time as an argument."""
