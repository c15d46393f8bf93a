"""Many captures -> tables: each is analyzed on its own, in a process of its own, and what they found is put together.

The way of a survey (`survey.py`): captures in the order of time (`captures.py`) -> what each holds (`part.py`), kept
sealed until a later run (`sealing.py`, `store.py`) -> connections that go on from one capture into another
(`crossings.py`), analyzed once more as one (`chain.py`, `part.py`) -> all put together (`joining.py`) -> tables
(`rows.py`, `tables.py`). Who works on parts is up to `crew.py`. `asking.py` asks the tables, `dashboard.py` draws them.

One capture goes the same way where several processes share its connections (`shares.py`): it becomes what `show` prints
(`shared_text.py`).
"""
