"""The page about the terminal UI: what its views, keys and columns are called, made from the program."""

from collections.abc import Iterator

from textual.app import App
from textual.binding import Binding
from textual.theme import BUILTIN_THEMES

from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.keys import KEYS, Key, Where
from dicomsniff.tui.said import use_gate
from dicomsniff.tui.session import Session
from dicomsniff.tui.views.registry import VIEWS
from docs.console import ROOT

_HEAD = """\
# The terminal UI

<!-- Made by docs/make.py from the program. -->

`dicomsniff CAPTURE` opens it. Seven views show one selection; `?` explains the view in sight and lists its keys, and
`Ctrl+P` opens a palette of all that can be done. Values that may identify a patient are withheld until `P` shows them;
the first line says which it is.

## Filter

`/` filters associations, and the messages of the exchange, in the [language of `--filter`](filter.md). What cannot be
understood is marked, and the place of the mistake is said below. Below the line stands what may be written next:
fields, operators, and the values of the capture, those first that occur most. `Tab` writes the first of them,
`Tab` again the next one. Values that are withheld are not offered.

`↑` and `↓` bring back filters that were used in this session. Those that compare nothing but commands, statuses, times
and the like are kept for later sessions, too; a filter that may name a person, a device or an object (AE titles,
addresses, instance UIDs, words) is never written to a file.
"""
_EXCHANGE = """\
In the exchange, pending responses of one operation, and events that say the same and follow each other, are one row.
It says how many they are, until when they came, and what the last one said. `→` or `Enter` shows them one by one, `←`
makes one row of them again, `z` does so with all. What has a finding of its own has a row of its own, and a pause of a
second or more is never hidden in one. `t` says when by the clock, or again in seconds since the association began; the
time since the entry before is in a column of its own. Where the capture's clock was set back, entries stand in the
order of their packets, and that column says by how much.

![The exchange of an association, the failed response in it, its fields and its bytes](assets/terminal-ui.svg)

Findings say what to do, what the rule means and what the standard demands, then what was said around the place of the
one under the cursor, and where the time of its association went. `n` and `p` go on from there. A finding about the
capture as a whole can be copied; keys that need an entry say that there is none.

![Ten rejected associations, and what is known of the first of them](assets/terminal-ui-findings.svg)

Negotiation has contexts below each other, refused ones first, and what follows from each.

![The contexts of an association, one of them refused](assets/terminal-ui-negotiation.svg)

Time begins with the longest waits of the whole capture; `Enter` goes to what was waited for.

![The longest waits of a capture, and where the time of an association went](assets/terminal-ui-time.svg)
"""
_SETTINGS = """\
## Settings

They stand in `settings.toml`, and the filters that are kept in `filters`, in the platform's directory for such files:
`~/.config/dicomsniff` or `$XDG_CONFIG_HOME/dicomsniff` on Linux, `~/Library/Application Support/dicomsniff` on macOS,
`%LOCALAPPDATA%\\dicomsniff` on Windows. A theme that is chosen in the palette, columns that are chosen by `C` and the
way to say times that `t` chose are written there; comments and whatever else you wrote stay. A file that cannot be
understood is told of in one line when the terminal UI opens; then nothing of it is used, and it is never written over.

Where no theme was chosen, it is `textual-light` if the terminal says in `COLORFGBG` that its ground is light (as
Konsole, iTerm2 and rxvt do), else `textual-dark`. Both paint their own ground; `ansi-light` and `ansi-dark` keep the
terminal's colours. With `NO_COLOR` set there are none: the sign of an error is reversed.

```toml
theme = "textual-light"
times = "absolute" # in the exchange: of day, in UTC, with the date where the capture spans days; or "relative"

[keys] # what is named below, and the keys that do it; with commas between several
"app.find" = "ctrl+f"
"app.next_problem" = "n,F8"

[left-out] # columns that a list goes without; they still count when one copies, finds or shows a row whole
associations = ["ops", "data"]
```
"""


def terminal_lines() -> Iterator[str]:
    """Yield the page's lines."""
    yield from _HEAD.splitlines()
    yield from ("", "## Views", "", "| key | view | what it shows |", "| --- | --- | --- |")
    yield from (f"| `{view.key}` | {view.title} | {view.meaning} |" for view in VIEWS)
    yield from ("", *_EXCHANGE.splitlines())
    yield from ("", *_SETTINGS.splitlines(), "")
    yield f"Themes: {', '.join(f'`{name}`' for name in sorted(BUILTIN_THEMES))}."
    yield from ("", "Lists and their columns:", "", "| list | columns |", "| --- | --- |")
    yield from _lists()
    for where in Where:
        yield from ("", f"## Keys: {where.value.lower()}", "", "| key | what it does | name |", "| --- | --- | --- |")
        yield from (f"| {_keys(key)} | {key.meaning} | `{key.id}` |" for key in KEYS if key.where is where)


def _lists() -> Iterator[str]:
    """Yield the lists of all views, as they are for a sample while patients are withheld."""
    use_gate(Gate())
    with Capture(str(ROOT / "samples" / "c-move.pcap")) as capture:
        session = Session(capture, Gate())
        for kind in VIEWS:
            for rows in kind.widget(session).order:
                titles = [each.title for each in rows.columns if each.title] if isinstance(rows, ColumnList) else []
                if titles:
                    yield f"| `{rows.name_in_settings}` | {', '.join(f'`{title}`' for title in titles)} |"


def _keys(key: Key) -> str:
    app = App[None]()
    shown = (app.get_key_display(Binding(each, "")) for each in key.keys.split(","))
    return ", ".join(f"`{each}`" for each in shown).replace("|", "\\|")
