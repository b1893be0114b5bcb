"""Pictures and pages of what a search did."""
