"""Where Django's own formats of dates read foreign: no leading zero in 9月2日; English that reads alike everywhere."""
