"""Small notebooks for tests of the pack: no planning, only papermill."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def write_notebook(
    path, *sources, parameters='pack = ".."\nhorizon = 0\nrate = 0.5\nname = ""\nbold = False'
):
    cells = [
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, sources),
    ]
    notebook = new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
