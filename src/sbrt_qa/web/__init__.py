"""Pages for people: the desk of one physicist, and the office of a trial.

Every answer passes `sbrt_qa.web.security_frame`, whatever made it; what a page may be asked for,
and by whom, stands in one table of doors (`sbrt_qa.web.doors`).
"""
