"""Speed, as ratios to limits measured in the same run: `python -m bench [names]`."""
