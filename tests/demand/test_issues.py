from sopkit.demand.issues import issue, issues_frame, named
from sopkit.tables import PLANS


def test_issues_are_rows_of_data_issues():
    frame = issues_frame(
        [issue("events", "uplift", "unknown uplift", "no uplift", "counted as 0", value=2)]
    )
    assert (
        list(frame.columns) == PLANS["data_issues"].names
        and frame.loc[0, "value"] == "2"
        and frame.loc[0, "row"] == 0
    )
    assert issues_frame([]).dtypes.equals(PLANS["data_issues"].empty().dtypes)


def test_short_lists_are_given_whole():
    assert named(["A", "B"]) == "A, B"
