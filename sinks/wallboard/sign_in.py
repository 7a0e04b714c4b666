"""What a browser without a token is shown: no script, no style, nothing of the floor."""

from __future__ import annotations

from html import escape

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}
<title>floorcast: not signed in</title></head>
<body><main><h1>Not signed in</h1>
<p>This board is shown to people and screens that have a link with a token: {why}.</p>
<p>Ask whoever runs floorcast for one; they make it with <code>floorcast tokens create</code>.</p>
<p lang="zh">此看板需要带令牌的链接。请向管理员索取。</p>
</main></body>
</html>
"""


def sign_in_page(why: str, *, again: bool) -> str:
    """The page; `again`: it asks for the same address once more, now on its own behalf."""
    refresh = '<meta http-equiv="refresh" content="0">' if again else ""
    return _PAGE.format(why=escape(why), again=refresh)
