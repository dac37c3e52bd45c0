"""Plays the platforms that citizens use: Graph API, webhooks, website, and a control face for scripts.

It knows nothing of Torg and Torg nothing of it: only base address and secrets differ from the real thing.
"""
