"""The README says what is true."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_thirty_lines_are_the_file_that_they_name() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = readme.partition("```python\n# train.py\n")[2].partition("```")[0]
    source = (ROOT / "examples/quickstart/train.py").read_text()

    assert shown == source.partition('"""\n\n')[2]


def test_every_file_that_the_documents_name_exists() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for name in document.read_text().split("](")[1:]:
            target = name.partition(")")[0]
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name} names {target}"
