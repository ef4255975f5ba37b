"""Several engines: routers, members that come and go, the scaler."""
