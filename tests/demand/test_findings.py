import numpy as np

from sopkit.demand.findings import Findings


def test_the_first_flag_of_a_cell_stands():
    none = np.full((1, 2), "", dtype=object)
    one = Findings(np.zeros((1, 2)), none, none).note(
        np.array([[True, False]]), np.ones((1, 2)), "a", lambda s, t: "why a"
    )
    two = one.note(np.array([[True, True]]), np.full((1, 2), 2.0), "b", lambda s, t: "why b")
    assert (
        two.flag.tolist() == [["a", "b"]]
        and two.demand.tolist() == [[1, 2]]
        and two.reason.tolist() == [["why a", "why b"]]
    )
