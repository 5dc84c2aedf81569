"""What a comparison found, as the window shows it: the table of matches and the tabs below it."""
