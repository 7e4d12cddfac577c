"""The review office's records: accounts, rights, readings, signatures, decisions; no web.

Every use case is a function that takes the store, who acts, and what is wanted; it asks the rights
of that account from the store, takes the step in one transaction with its event, and returns a
value. Who has signed in is the caller's business: an `Acting` says who acts now, in which session
(only its hash is kept) and by which request.

============================ ==================================================================
module                       what is there
============================ ==================================================================
``roles``                    `Role`, `Right`, `Grant`
``rights``                   `MATRIX` (right x role), `CaseFacts`, ``may(grants, right, case)``
``states``                   `State`, `MOVES`, ``next_states(state, role)``
``acting``                   `Acting`, `session_hash`; `RightsError` (answer 404, also where
                             nothing is there), `MovedOnError` and `UnfitError` (answer 409)
``accounts``                 `found_office`, `add_account`, `lock_account`, `unlock_account`,
                             `account_by_code`, `account_by_key`, `all_accounts`
``granting``                 `grant_role`, `confirm_grant`, `end_grant`, `grants_of`,
                             `all_grants`
``conflicts``                `declare_conflict`, `end_conflict`, `conflicts_seen`
``asking``                   `ask` and `demand` a right within a transaction
``trial_options``            `OfficeOptions` of the trial, `set_option`, `options_of`
``entering``                 `take_in`: new submissions of the audit enter the office (run it
                             after each audit and at start); `name_sender`
``case_standing``            `CaseStanding`: state, round, readers and facts of one submission
``assigning``                `plan_review`, `assign`, `take_case`, `end_assignment`, `set_due`
``checklist``                `set_checklist`, `questions_of`: the contour checklist by version
``protocol_rules``           checklist and reasons of overrides, as the protocol states them
``reader_forms``             `open_reading`, `reading_form` (what to judge), `judge`,
                             `accept_automatic`, `comment`
``signing``                  `signing_view`, `begin_signing`, `sign`, `FreshProof`, `MEANINGS`
``deciding``                 what follows from a signature; `disagreements`
``threads``                  `ask_site`, `answer_thread`, `write_to_site`, `close_thread`,
                             `threads_of`
``closing_steps``            `reopen`, `withdraw`, `release_from_quarantine`
``queue_page``               `queue_page`: views, filters, order, keyset pages of 50, from a table
                             in the database of working state; `make_queue`, `rebuild`,
                             `queue_differences`
``version_changes``          limits of a submission held against those of the version before
``replaced_codes``           cases as statisticians see them
``exported_tables``          tables for statistics, of what an account may see
``security_events``          accounts that wrong tries slowed
``looked_at``                what the access log and the records tell of one another
``demo_office``              `play_demo`: accounts and a month of work for a demo
============================ ==================================================================

Whether a signature still counts: `sbrt_qa.audit.store.verify_office.signature_state`.
"""
