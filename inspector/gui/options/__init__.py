"""What a person chooses for one side: a button that says it, chips for what is unusual, a popover to change it."""
