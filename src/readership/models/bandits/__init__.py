"""Learning what to show by showing it: policies that share out impressions, and the chances they draw by."""
