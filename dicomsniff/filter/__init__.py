"""One language to choose associations and messages: `command == C-STORE and status >= 0xA000`.

`grammar` takes an expression apart to a `tree`, `values` reads what fields are compared with, `fields` says what can
be asked of an association and of a message, and `filter` puts them together: `Filter("outcome == aborted")`. A
`selection` adds what options choose.
"""
