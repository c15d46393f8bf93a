"""The bytes of a data set, as they come -> an outline of it, without keeping the data set (PS3.5).

`scanner` takes the bytes, finds out which transfer syntax they are in (`syntax`) and whether a file's head precedes
them (`file_meta`), and hands them to `elements`, which walks from element to element; `modes` says how they are
encoded, `kinds` which values are looked at, `nesting` which sequence or item ends where and what is wrong with it,
`undefined_vr` how to go on behind a VR that is none. What is looked at is checked and kept by `kept`, with `values`
and `pixels`. `outline` is what comes out. Who wants the elements themselves is told of them (`events`).
"""
