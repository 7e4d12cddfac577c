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
``acting``                   `Acting`, `RightsError` (answer 404), `MovedOnError` (answer 409)
``accounts``                 `found_office`, `add_account`, `lock_account`, `unlock_account`,
                             `account_by_code`, `account_by_key`, `all_accounts`
``granting``                 `grant_role`, `confirm_grant`, `end_grant`, `grants_of`,
                             `declare_conflict`, `end_conflict`
``options``                  `OfficeOptions` of the trial, `set_option`, `options_of`
``entering``                 `take_in`: new submissions of the audit enter the office
``assigning``                `plan_review`, `assign`, `take_case`, `end_assignment`, `set_due`
``reading``                  `open_reading`, `reading_form` (what to judge), `judge`, `comment`
``signing``                  `signing_view`, `begin_signing`, `sign`, `signature_state`
``threads``                  `ask_site`, `answer_thread`, `close_thread`, `threads_of`
``closing_steps``            `reopen`, `withdraw`
``case``                     `office_case`: all of one submission that an account may see
``queue``                    `queue_page`: filters, order, keyset pages; `rebuild`, `differences`
``figures``                  agreement, turnaround, workload of a trial
============================ ==================================================================
"""
