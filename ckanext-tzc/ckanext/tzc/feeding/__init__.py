"""The room of files that are fed: fetched by a schedule, or pushed by a program."""
