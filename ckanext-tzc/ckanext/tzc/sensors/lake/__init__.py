"""The lake: observations of months long ago, as Parquet files in a folder or a bucket. One file a dataset and month; those of persons' streams lie in files of their own.

Which files there are, and what each holds of each stream, is in the database. A month's table goes, and its files come to be known, in one transaction: a run that is killed
leaves files that nobody knows of, which the next one removes.

For each stream and month one of two things holds. Its rows are in a file, and none of them is in the table too, though others may be (which came since). Or all of its rows are
in the table again (`back`): they were brought back because something came for a moment that may be among them, or because marks of quality had to be made anew. The next run
moves them once more. Who reads takes the table first and then the lake; where both have a moment, the table's row counts.
"""
