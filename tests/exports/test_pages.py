"""Pages of executed notebooks: the answer first, no code, nothing fetched from elsewhere."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sopkit.exports import write_page


def cell(source, html, *tags):
    made = new_code_cell(source, outputs=[new_output("display_data", data={"text/html": html})])
    made.metadata["tags"] = list(tags)
    return made


def folder_with_pages(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cells = [
        new_markdown_cell("# 1 Gather data"),
        cell("pack = ''", "", "parameters"),
        cell("pack = '..'", "", "injected-parameters"),
        cell("evidence()", "<p>evidence</p>"),
        cell("answer()", "<p>the answer</p>", "headline"),
    ]
    names = ("1_gather_data", "2_demand_plan")
    for name in names:
        nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
    return [write_page(tmp_path, name, names) for name in names]


def test_the_answer_stands_before_the_evidence_and_no_code_is_shown(tmp_path):
    text = folder_with_pages(tmp_path)[0].read_text()
    assert (
        text.index("Gather data</h1>" if "Gather data</h1>" in text else "Gather data")
        < text.index("the answer")
        < text.index("evidence")
    )
    assert "evidence()" not in text and "pack =" not in text


def test_pages_link_to_one_another_by_relative_paths_and_fetch_nothing(tmp_path):
    text = folder_with_pages(tmp_path)[0].read_text()
    assert 'href="2_demand_plan.html"' in text and str(tmp_path) not in text
    assert "<script" not in text and "http://" not in text and "https://" not in text
