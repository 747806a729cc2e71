"""The table of contents has every page."""

import re

from tests.docs.pages import page_paths
from tests.folders import ROOT


def test_every_page_is_in_the_table_of_contents():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    named = {line for block in re.findall(r"```{toctree}\n(.*?)```", text, re.DOTALL)
             for line in block.splitlines()}  # fmt: skip
    pages = [page for page in page_paths() if page not in ("README.md", "docs/index.md")]
    assert [
        page for page in pages if page.removeprefix("docs/").removesuffix(".md") not in named
    ] == []
    assert len(pages) > 10
