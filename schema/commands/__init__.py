"""What clients can ask and change, by subject; `schema.requests` has them all.

Every command is named after what a person would say: ``CreateStudy``, ``StopTrial``.
"""
